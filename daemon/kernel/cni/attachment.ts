import { own } from '../../../common/own.ts';
import { type CniNetwork, isSince } from './config.ts';
import { type CniCommand, runPlugin } from './plugin.ts';

/** A connection of a container with a CNI network: each of its calls gets the same of this. */
export interface Attachment {
  readonly network: CniNetwork;
  readonly containerId: string;
  /** Of the interface inside. */
  readonly interfaceName: string;
  /** Values by capability. A plugin gets those that its configuration names. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  /** CNI_ARGS. */
  readonly args: string;
}

export interface CallOptions {
  /** Folders of plugins. */
  readonly path: readonly string[];
  /** Path of the network namespace; empty: it is gone. */
  readonly namespace: string;
  /** Further variables for the plugins. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** What is tried, for errors. */
  readonly cannot: string;
}

/** Calls all plugins in their order. The result of the last, which has what the others have made in it. */
export async function add(attachment: Attachment, options: CallOptions): Promise<unknown> {
  let result: unknown = null;
  for (const index of attachment.network.plugins.keys())
    result = await call('ADD', attachment, index, result, options);
  return result;
}

/** Throws where a plugin finds that something is not as it made it. Plugins of before version 0.4.0 cannot tell. */
export async function check(attachment: Attachment, result: unknown, options: CallOptions): Promise<void> {
  const { cniVersion, disableCheck, plugins } = attachment.network;
  if (disableCheck || !isSince(cniVersion, '0.4.0')) return;
  for (const index of plugins.keys()) await call('CHECK', attachment, index, result, options);
}

/** Calls all plugins in the reverse order, also those behind one that fails. The errors. */
export async function remove(
  attachment: Attachment,
  result: unknown,
  options: CallOptions,
): Promise<readonly unknown[]> {
  const { cniVersion, plugins } = attachment.network;
  const before = isSince(cniVersion, '0.4.0') ? result : null;
  const errors: unknown[] = [];
  for (const index of [...plugins.keys()].reverse())
    await call('DEL', attachment, index, before, options).catch((error: unknown) => errors.push(error));
  return errors;
}

async function call(
  command: CniCommand,
  { network, containerId, interfaceName, capabilities, args }: Attachment,
  index: number,
  prevResult: unknown,
  { path, namespace, environment, signal, cannot }: CallOptions,
): Promise<unknown> {
  const { name, cniVersion, plugins } = network;
  const { [index]: plugin } = plugins;
  if (!plugin) return null;
  const runtimeConfig = Object.fromEntries(
    Object.entries(capabilities).filter(([key]) => own(plugin.capabilities, key) === true),
  );
  return runPlugin({
    command,
    type: plugin.type,
    path,
    cannot,
    signal,
    config: {
      ...plugin,
      name,
      cniVersion,
      ...(Object.keys(runtimeConfig).length > 0 && { runtimeConfig }),
      ...(prevResult !== null && { prevResult }),
    },
    environment: {
      ...environment,
      CNI_CONTAINERID: containerId,
      CNI_IFNAME: interfaceName,
      CNI_NETNS: namespace,
      CNI_ARGS: args,
    },
  });
}
