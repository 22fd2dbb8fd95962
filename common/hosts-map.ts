/**
 * Whether the text of /proc/self/uid_map is that of the first user namespace. Only root in that has the rights that the kernel keeps
 * for the root of the machine (user_namespaces(7)).
 */
export function isHostsMap(text: string): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(text);
}
