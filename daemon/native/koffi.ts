// The one file that imports koffi: everything else in this folder builds on it.
export { default as koffi } from 'koffi';
