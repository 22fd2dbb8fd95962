import type { GetVersionResponse } from '../../proto/gen/types/liker/v1/GetVersionResponse.ts';
import type { Command } from '../cli/command.ts';
import { clientApi, clientVersion } from '../cli/version.ts';
import { system } from '../connection/methods.ts';
import { recordFormat } from '../format/record-format.ts';
import { printLines, printText } from '../output/print.ts';

export const version: Command = {
  name: 'version',
  usage: '',
  summary: 'Print the versions of likerctl and likerd',
  example: "likerctl version --format '{{.Server.Version}}'",
  flags: [{ name: 'format', short: 'f', type: 'string', value: 'FORMAT', help: 'json, or a template' }],
  operands: [0, 0],
  async run({ flags, context }) {
    const client = {
      Version: clientVersion,
      ApiVersion: clientApi,
      ...runtimeVersion(),
      Os: process.platform,
      Arch: process.arch,
    };
    const format = flags.text('format') ?? '';
    if (format === '') printLines(section('Client', client));
    const connection = await context.connect();
    const server = serverVersion(await connection.unary(system.GetVersion, {}));
    const both = { Client: client, Server: server };
    if (format === '') printLines(['', ...section('Server', server)]);
    else printText(`${recordFormat(format)(both)}\n`);
    return 0;
  },
};

/** Bun gives a version of Node.js, too: the one that it is like. */
function runtimeVersion(): Record<string, string> {
  const { bun } = process.versions;
  return bun === undefined ? { NodeVersion: process.version } : { BunVersion: `v${bun}` };
}

function serverVersion(answer: GetVersionResponse): Record<string, string> {
  return {
    Version: answer.version,
    ApiVersion: answer.apiMax,
    MinApiVersion: answer.apiMin,
    NodeVersion: answer.nodeVersion,
    ShimProtocol: String(answer.shimProtocol),
    KernelVersion: answer.kernel,
    Os: answer.os,
    Arch: answer.architecture,
  };
}

function section(title: string, values: Readonly<Record<string, string>>): string[] {
  const lines = Object.entries(values).map(([name, value]) => ` ${`${label(name)}:`.padEnd(18)}${value}`);
  return [`${title}:`, ...lines];
}

/** KernelVersion becomes Kernel version. */
function label(name: string): string {
  const words = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  return (words.charAt(0).toUpperCase() + words.slice(1))
    .replace('api', 'API')
    .replace('Api', 'API')
    .replace(/^Os$/, 'OS');
}
