// What an interface receives is passed through another one, whose queue holds it back: tc(8)'s ingress, u32 and mirred
// (linux/pkt_sched.h, linux/pkt_cls.h, linux/tc_act/tc_mirred.h).
import { tcMessage } from './htb.ts';
import { flag, message, nested, type Request, text } from './netlink.ts';

const attribute = { kind: 1, options: 2 } as const;
const ingressHandle = 0xffff_0000;
const ingressParent = 0xffff_fff1;
/** TCA_U32_*, and the flag that a match is enough. */
const selector = 5;
const actions = 7;
const isEnough = 1;
/** TCA_ACT_* and TCA_MIRRED_PARMS. */
const action = { kind: 1, options: 2 } as const;
const mirredParameters = 2;
const stolen = 4;
const redirect = 1;
/** Of all protocols (ETH_P_ALL, in the order of the network), with the first priority. */
const everything = 0x0001_0300;

/** struct tc_u32_sel with one key that matches every packet. */
function matchAll(): Buffer {
  const bytes = Buffer.alloc(16 + 16);
  bytes.writeUInt8(isEnough, 0);
  bytes.writeUInt8(1, 2);
  return bytes;
}

/** struct tc_mirred. */
function redirection(to: number): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeInt32LE(stolen, 8);
  bytes.writeInt32LE(redirect, 20);
  bytes.writeUInt32LE(to, 24);
  return bytes;
}

/** What the interface receives passes through the one with the index `to`. Both may be asked for again. */
export function receiveThrough(index: number, to: number): Request[] {
  const mirred = nested([
    { type: action.kind, value: text('mirred') },
    { type: action.options, value: nested([{ type: mirredParameters, value: redirection(to) }]) },
  ]);
  return [
    {
      type: message.newQdisc,
      flags: flag.acknowledge | flag.create,
      body: tcMessage(index, ingressHandle, ingressParent),
      attributes: [{ type: attribute.kind, value: text('ingress') }],
    },
    {
      type: message.newFilter,
      flags: flag.acknowledge | flag.create | flag.replace,
      body: tcMessage(index, filterHandle, ingressHandle, everything),
      attributes: [
        { type: attribute.kind, value: text('u32') },
        {
          type: attribute.options,
          value: nested([
            { type: selector, value: matchAll() },
            { type: actions, value: nested([{ type: 1, value: mirred }]) },
          ]),
        },
      ],
    },
  ];
}

/** Of the only filter: 800::800, as tc would name the first one. */
const filterHandle = 0x8000_0800;

/** What the interface receives goes its own way again; ENOENT or EINVAL if it does. */
export function receiveFreely(index: number): Request {
  return {
    type: message.deleteQdisc,
    flags: flag.acknowledge,
    body: tcMessage(index, ingressHandle, ingressParent),
  };
}
