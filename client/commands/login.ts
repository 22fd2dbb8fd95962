import { text as readAll } from 'node:stream/consumers';
import { hasReason, LikerError } from '../../common/errors.ts';
import type { Command, Invocation } from '../cli/command.ts';
import { UsageError } from '../cli/usage-error.ts';
import { registries } from '../connection/methods.ts';
import { type Credentials, findCredentials } from '../credentials/find.ts';
import { registryOf } from '../credentials/server-key.ts';
import { storeCredentials } from '../credentials/store.ts';
import { ask, askSecret } from '../output/ask.ts';
import { printError, printLines } from '../output/print.ts';
import { isTerminal } from '../output/streams.ts';
import { isInsecure, tlsVerifyFlag } from './image-flags.ts';

export const login: Command = {
  name: 'login',
  usage: '[SERVER]',
  summary: 'Check and store credentials for a registry',
  example: 'likerctl login -u USER registry.example.com',
  flags: [
    { name: 'username', short: 'u', type: 'string', value: 'USER', help: 'User name' },
    {
      name: 'password',
      short: 'p',
      type: 'string',
      value: 'PASSWORD',
      help: 'Password or token; others can see it in the list of processes',
    },
    { name: 'password-stdin', type: 'bool', help: 'Read the password from stdin' },
    tlsVerifyFlag,
  ],
  operands: [0, 1],
  run: logIn,
};

async function logIn(invocation: Invocation): Promise<number> {
  const { flags, operands, context } = invocation;
  const registry = registryOf(operands[0] ?? 'docker.io');
  if (registry === '') throw new UsageError('login', 'SERVER has no host');
  const insecure = isInsecure(flags);
  const connection = await context.connect();
  const check = async (credentials: Credentials): Promise<string> =>
    (await connection.unary(registries.CheckCredentials, { registry, credentials, insecure })).identityToken;

  const known = await findCredentials({ host: registry, path: '' }, process.env);
  if (known !== null && !['username', 'password', 'password-stdin'].some((flag) => flags.has(flag))) {
    printLines(['Authenticating with existing credentials...']);
    try {
      await check(known);
      printLines(['Login Succeeded']);
      return 0;
    } catch (error) {
      if (!hasReason(error, 'REGISTRY_DENIED')) throw error;
      printError('The existing credentials are no longer valid');
    }
  }
  const given = await credentialsOf(invocation, known?.username ?? '');
  if (given === null) return 1;
  const identityToken = await check(given);
  const file = await storeCredentials(registry, { ...given, identityToken }, process.env);
  if (file !== null) {
    printError(`WARNING! Your credentials are stored unencrypted in '${file}'`);
    printError('A credential helper would encrypt them: https://docs.docker.com/go/credential-store/');
  }
  printLines(['Login Succeeded']);
  return 0;
}

/** From the flags, or asked for. Null: the user broke off. */
async function credentialsOf({ flags }: Invocation, knownUser: string): Promise<Credentials | null> {
  const username = flags.text('username') ?? '';
  const password = flags.text('password');
  const isPiped = flags.bool('password-stdin');
  if (isPiped && password !== undefined)
    throw new UsageError('login', '--password and --password-stdin exclude each other');
  if (isPiped && username === '') throw new UsageError('login', '--password-stdin needs --username');
  if (password !== undefined)
    printError('WARNING! --password shows the password in the list of processes; use --password-stdin');
  const none = { identityToken: '', registryToken: '' };
  const secret = isPiped ? (await readAll(process.stdin)).replace(/\r?\n$/, '') : password;
  if (secret !== undefined && username !== '') return complete({ ...none, username, password: secret });
  if (!isTerminal('stdin')) {
    throw new UsageError('login', 'stdin is no terminal to ask at: give --username and --password-stdin');
  }
  const hint = knownUser === '' ? '' : ` (${knownUser})`;
  const user = username === '' ? await ask(`Username${hint}: `) : username;
  if (user === null) return null;
  const typed = secret ?? (await askSecret('Password: '));
  return typed === null ? null : complete({ ...none, username: user.trim() || knownUser, password: typed });
}

function complete(credentials: Credentials): Credentials {
  const missing = credentials.username === '' ? 'user name' : credentials.password === '' ? 'password' : null;
  if (missing === null) return credentials;
  throw new LikerError('BAD_ARGUMENT', `Cannot log in: the ${missing} is empty`);
}
