import type { Flag } from '../../client/cli/flag.ts';
import { parseCommandLine } from '../../client/cli/parse.ts';
import { exec } from '../../client/commands/exec.ts';
import { run } from '../../client/commands/run.ts';
import { sessions } from '../../client/connection/methods.ts';
import { parseContainerSpec } from '../../client/request/container-spec.ts';
import { parseOnDisconnect, parseProcess } from '../../client/request/process-spec.ts';
import type { WindowSize } from '../../common/shim/encode.ts';

/** How a flag becomes a part of the first message of a session: enum flag_kind of native/src/likerctl/table.h. */
export type FlagKind =
  | 'TRUE'
  | 'STDIN'
  | 'TTY'
  | 'TEXT'
  | 'LIST'
  | 'PAIR'
  | 'ENTRY'
  | 'MOUNT'
  | 'WORD'
  | 'NUMBER'
  | 'SIZE'
  | 'CPUS';

/** What is no part of the command line, or not of its flags and operands. */
export interface Beside {
  readonly requestId?: string;
  readonly size?: WindowSize;
}

/** A command whose sessions likerctl in C begins. */
export interface FrontCommand {
  readonly name: string;
  readonly method: 'Run' | 'Exec';
  readonly flags: readonly Flag[];
  /** What the first operand may be, and with what it begins then. */
  readonly subjects: Readonly<Record<string, string>>;
  /** The flags that are known, and of those that are known word by word the words. */
  readonly known: Readonly<Record<Exclude<FlagKind, 'WORD'>, readonly string[]>> & {
    readonly WORD: Readonly<Record<string, readonly string[]>>;
  };
  /** The first message of the session that this command line opens. Throws if the command line is wrong. */
  message(argv: readonly string[], beside?: Beside): Uint8Array;
}

const always = { direct: true, confirmsOutput: true };

const frontRun: FrontCommand = {
  name: 'run',
  method: 'Run',
  flags: run.flags,
  subjects: { image: '', directory: '/' },
  known: {
    TRUE: ['rm', 'init', 'read-only', 'privileged', 'replace'],
    STDIN: ['interactive'],
    TTY: ['tty'],
    TEXT: [
      ...['name', 'hostname', 'domainname', 'workdir', 'user', 'entrypoint'],
      ...['cgroup-parent', 'cpuset-cpus', 'cpuset-mems'],
    ],
    LIST: ['cap-add', 'cap-drop', 'group-add', 'dns', 'dns-search', 'dns-option', 'volumes-from'],
    PAIR: ['env'],
    ENTRY: ['label', 'sysctl'],
    MOUNT: ['volume'],
    WORD: {
      'on-disconnect': ['keep', 'hangup', 'kill'],
      network: ['none', 'host'],
      pid: ['host'],
      ipc: ['host'],
      uts: ['host'],
      cgroupns: ['host'],
      userns: ['auto', 'host', 'keep-id'],
    },
    NUMBER: ['pids-limit', 'cpu-shares', 'cpu-weight', 'oom-score-adj', 'stop-timeout', 'timeout'],
    SIZE: ['memory', 'memory-swap', 'memory-reservation', 'shm-size'],
    CPUS: ['cpus'],
  },
  message(argv, { requestId = '', size } = {}) {
    const { flags, operands } = parseCommandLine(run, argv);
    const spec = parseContainerSpec(flags, operands, size);
    const start = { ...always, spec, requestId, replace: flags.bool('replace') };
    return sessions.Run.requestSerialize({ start });
  },
};

const frontExec: FrontCommand = {
  name: 'exec',
  method: 'Exec',
  flags: exec.flags,
  subjects: { container: '' },
  known: {
    TRUE: ['privileged'],
    STDIN: ['interactive'],
    TTY: ['tty'],
    TEXT: ['workdir', 'user'],
    LIST: [],
    PAIR: ['env'],
    ENTRY: [],
    MOUNT: [],
    WORD: { 'on-disconnect': ['keep', 'hangup', 'kill'] },
    NUMBER: [],
    SIZE: [],
    CPUS: [],
  },
  message(argv, { requestId = '', size } = {}) {
    const { flags, operands } = parseCommandLine(exec, argv);
    const [container = '', ...args] = operands;
    const process = parseProcess(flags, args, size);
    const start = { ...always, container, process, onDisconnect: parseOnDisconnect(flags), requestId };
    return sessions.Exec.requestSerialize({ start });
  },
};

export const frontCommands: readonly FrontCommand[] = [frontRun, frontExec];
