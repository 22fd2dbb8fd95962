import { isIP } from 'node:net';
import { asError } from '../../../common/errors.ts';
import { own } from '../../../common/own.ts';
import { type CniNetwork, isSince } from './config.ts';
import { type CniCommand, runPlugin } from './plugin.ts';
import { readResult } from './result.ts';

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

/** How plugins are called that are asked about no container. */
export interface CallOptions {
  /** Folders of plugins. */
  readonly path: readonly string[];
  /** Further variables for the plugins. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** What is tried, for errors. */
  readonly cannot: string;
}

export interface AttachmentOptions extends CallOptions {
  /** Path of the network namespace; empty: it is gone. */
  readonly namespace: string;
}

/** Throws where a plugin says that it can connect no container now. Before version 1.1.0 they cannot tell. */
export async function checkReady(network: CniNetwork, options: CallOptions): Promise<void> {
  if (!isSince(network.cniVersion, '1.1.0')) return;
  for (const index of network.plugins.keys()) await call('STATUS', network, index, {}, options);
}

/** An attachment as plugins store it. */
export interface ValidAttachment {
  readonly containerID: string;
  readonly ifname: string;
}

/** Has all plugins take away whatever they hold for other attachments than these. The errors. */
export async function collect(
  network: CniNetwork,
  valid: readonly ValidAttachment[],
  options: CallOptions,
): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  const more = { 'cni.dev/valid-attachments': valid };
  for (const index of network.plugins.keys())
    await call('GC', network, index, more, options).catch((error: unknown) => errors.push(error));
  return errors;
}

/** Calls all plugins in their order. The result of the last, which has what the others have made in it. */
export async function add(attachment: Attachment, options: AttachmentOptions): Promise<unknown> {
  let result: unknown = null;
  for (const index of attachment.network.plugins.keys())
    result = await callFor('ADD', attachment, index, result, options);
  return result;
}

/** Throws where a plugin finds that something is not as it made it. Plugins of before version 0.4.0 cannot tell. */
export async function check(
  attachment: Attachment,
  result: unknown,
  options: AttachmentOptions,
): Promise<void> {
  const { cniVersion, disableCheck, plugins } = attachment.network;
  if (disableCheck || !isSince(cniVersion, '0.4.0')) return;
  const { addresses } = readResult(result, attachment.interfaceName);
  for (const index of plugins.keys())
    await callFor('CHECK', attachment, index, result, options).catch((error: unknown) => {
      if (!isFalseAlarm(error, addresses)) throw error;
    });
}

/** Up to version 1.1.1 at least, portmap looks for its rules of both families, also for a container that has addresses of one. */
function isFalseAlarm(error: unknown, addresses: readonly { readonly address: string }[]): boolean {
  const [, family] = /could not check ipv([46]) dnat: chain \S+ not found/.exec(asError(error).message) ?? [];
  return family !== undefined && !addresses.some(({ address }) => String(isIP(address)) === family);
}

/** Calls all plugins in the reverse order, also those behind one that fails. The errors. */
export async function remove(
  attachment: Attachment,
  result: unknown,
  options: AttachmentOptions,
): Promise<readonly unknown[]> {
  const { cniVersion, plugins } = attachment.network;
  const before = isSince(cniVersion, '0.4.0') ? result : null;
  const errors: unknown[] = [];
  for (const index of [...plugins.keys()].reverse())
    await callFor('DEL', attachment, index, before, options).catch((error: unknown) => errors.push(error));
  return errors;
}

function callFor(
  command: CniCommand,
  { network, containerId, interfaceName, capabilities, args }: Attachment,
  index: number,
  prevResult: unknown,
  { namespace, environment, ...options }: AttachmentOptions,
): Promise<unknown> {
  const able = network.plugins[index]?.capabilities;
  const runtimeConfig = Object.fromEntries(
    Object.entries(capabilities).filter(([key]) => own(able ?? {}, key) === true),
  );
  const more = {
    ...(Object.keys(runtimeConfig).length > 0 && { runtimeConfig }),
    ...(prevResult !== null && { prevResult }),
  };
  return call(command, network, index, more, {
    ...options,
    environment: {
      ...environment,
      CNI_CONTAINERID: containerId,
      CNI_IFNAME: interfaceName,
      CNI_NETNS: namespace,
      CNI_ARGS: args,
    },
  });
}

async function call(
  command: CniCommand,
  { name, cniVersion, plugins }: CniNetwork,
  index: number,
  more: object,
  options: CallOptions,
): Promise<unknown> {
  const { [index]: plugin } = plugins;
  if (!plugin) return null;
  return runPlugin({
    ...options,
    command,
    type: plugin.type,
    config: { ...plugin, name, cniVersion, ...more },
  });
}
