import type { Flag, FlagValues } from '../cli/flag.ts';

// Flags of several commands for images.

export const tlsVerifyFlag: Flag = {
  name: 'tls-verify',
  type: 'bool',
  fallback: 'true',
  help: 'false: HTTPS without a check of the certificate, or else plain HTTP',
};

export function isInsecure(flags: FlagValues): boolean {
  return !flags.bool('tls-verify', true);
}

export const changeFlag: Flag = {
  name: 'change',
  short: 'c',
  type: 'list',
  value: 'INSTRUCTION',
  help: "An instruction of a Dockerfile that says how to run it, such as 'CMD [\"bash\"]' or 'ENV A=b'",
};

export const messageFlag: Flag = {
  name: 'message',
  short: 'm',
  type: 'string',
  value: 'TEXT',
  help: 'Comment for its history',
};

/** Accepted for Docker's sake. */
export const contentTrustFlag: Flag = {
  name: 'disable-content-trust',
  type: 'bool',
  help: 'Accepted without effect',
  docker: { passes: /^true$/, instead: 'there are no signatures of Notary' },
};

/** What `changeFlag` and `messageFlag` gave. */
export function historyOf(flags: FlagValues): { readonly changes: string[]; readonly message: string } {
  return { changes: [...flags.list('change')], message: flags.text('message') ?? '' };
}
