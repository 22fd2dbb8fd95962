// The page of server.ts: what is typed goes to the shell as bytes, the size of the terminal as text.
import { FitAddon } from './addon-fit.mjs';
import { Terminal } from './xterm.mjs';

const terminal = new Terminal();
const fit = new FitAddon();
terminal.loadAddon(fit);
const place = document.querySelector('#terminal');
terminal.open(place);
fit.fit();

// It outlives a reload of the page, and with it the shell.
sessionStorage['shell'] ??= crypto.randomUUID();
const { cols, rows } = terminal;
const query = new URLSearchParams({ shell: sessionStorage['shell'], columns: cols, rows });
const socket = new WebSocket(`ws://${location.host}/?${query}`);
socket.binaryType = 'arraybuffer';
socket.onmessage = ({ data }) => terminal.write(new Uint8Array(data));
socket.onclose = ({ code, reason }) => {
  if (code === 1000) sessionStorage.removeItem('shell');
  terminal.write(`\r\n[${reason || 'the connection was lost'}; reload the page]\r\n`);
};
socket.onopen = () => {
  const encoder = new TextEncoder();
  terminal.onData((text) => socket.send(encoder.encode(text)));
  terminal.onResize((size) => socket.send(JSON.stringify({ columns: size.cols, rows: size.rows })));
  new ResizeObserver(() => fit.fit()).observe(place);
  terminal.focus();
};
