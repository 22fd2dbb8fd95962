import protobuf, {
  type Enum,
  type Method,
  type Namespace,
  type ReflectionObject,
  type Type,
} from 'protobufjs';

/** What protobufjs builds its functions with: their text is the function's. */
type Codegen = { toString(): string };

const { encoder, decoder, converter } = protobuf as unknown as Record<'encoder' | 'decoder', Make> & {
  converter: Record<'fromObject' | 'toObject', Make>;
};
type Make = (type: Type) => Codegen;

const request = { encode: encoder, fromObject: converter.fromObject };
const response = { decode: decoder, toObject: converter.toObject };

const head = `// @ts-nocheck
// Made by scripts/build-proto.ts: the functions that protobufjs and proto-loader would make at every start.
import protobuf from 'protobufjs/minimal.js';

const { Reader, Writer, util } = protobuf;

/** As proto/services.ts has it. */
const conversion = { longs: Number, enums: String, defaults: true, oneofs: true };

/** Maps have no value of their own before the first entry. */
function message(...maps) {
  const type = { ctor: function Message() {} };
  for (const name of maps) type.ctor.prototype[name] = util.emptyObject;
  return type;
}

function enumeration(valuesById) {
  const ids = Object.entries(valuesById).map(([id, name]) => [name, Number(id)]);
  return { values: Object.setPrototypeOf(Object.fromEntries(ids), valuesById) };
}

function method(path, request, response) {
  return {
    path,
    requestSerialize: (message) => request.encode(request.fromObject(message)).finish(),
    responseDeserialize: (bytes) => response.toObject(response.decode(bytes), conversion),
  };
}
`;

/**
 * A module with all methods of all services of a package as a client needs them: the source of protobufjs' own
 * functions, which would otherwise be generated and compiled at every start, for most of the time that it takes.
 */
export function clientCodecs(root: Namespace, packageName: string): string {
  const { Service } = protobuf;
  const services = root.lookup(packageName) as Namespace;
  const codecs = new Codecs();
  const bodies = services.nestedArray
    .filter((entry) => entry instanceof Service)
    .map((service) => {
      const methods = service.methodsArray.map((method) => {
        const { resolvedRequestType, resolvedResponseType } = method.resolve() as Method;
        const types = [
          codecs.type(resolvedRequestType, request),
          codecs.type(resolvedResponseType, response),
        ];
        const path = JSON.stringify(`/${packageName}.${service.name}/${method.name}`);
        return `  ${method.name}: method(${[path, ...types].join(', ')}),\n`;
      });
      return `export const ${service.name} = {\n${methods.join('')}};\n`;
    });
  return [head, codecs.source(), ...bodies].join('\n');
}

/**
 * A module with encoders of messages for the daemon, and the numbers of enums. What `messages` take is as on the wire:
 * numbers for enums, nothing that is null. That saves the copy that `converted` make of each to bring it into this form.
 */
export function messageEncoders(
  root: Namespace,
  packageName: string,
  wanted: Readonly<Record<'messages' | 'converted' | 'enums', readonly string[]>>,
): string {
  const codecs = new Codecs();
  const exported = (kind: keyof typeof wanted, value: (name: string) => string): string[] =>
    wanted[kind].map((name) => `export const ${name} = ${value(`${packageName}.${name}`)};\n`);
  const exports = [
    ...exported('messages', (name) => codecs.type(root.lookupType(name), { encode: encoder })),
    ...exported('converted', (name) => codecs.type(root.lookupType(name), request)),
    ...exported('enums', (name) => JSON.stringify(root.lookupEnum(name).values)),
  ];
  return [head, codecs.source(), ...exports].join('\n');
}

/** The types that were asked for, and those that they refer to. */
class Codecs {
  readonly #declared = new Map<string, string>();
  readonly #functions = new Map<string, string>();

  /** Answers the name of the codec, which has the wanted functions. */
  type(type: Type | null, wanted: Readonly<Record<string, Make>>): string {
    if (type === null) throw new Error('A method has no type');
    const name = identifier(type);
    const maps = type.fieldsArray.filter(({ map }) => map).map((field) => JSON.stringify(field.name));
    this.#declared.set(name, `message(${maps.join(', ')})`);
    const { fieldsArray } = type;
    for (const [verb, make] of Object.entries(wanted)) {
      const key = `${name}.${verb}`;
      if (this.#functions.has(key)) continue;
      this.#functions.set(key, '');
      const types = fieldsArray.map((field) =>
        this.#referred(field.resolve().resolvedType, { [verb]: make }),
      );
      this.#functions.set(key, `((types) => ${make(type)})([${types.join(', ')}])`);
    }
    return name;
  }

  #referred(type: Type | Enum | null, wanted: Readonly<Record<string, Make>>): string {
    if (type === null) return 'null';
    if (type instanceof protobuf.Type) return this.type(type, wanted);
    const name = identifier(type);
    this.#declared.set(name, `enumeration(${JSON.stringify(type.valuesById)})`);
    return name;
  }

  source(): string {
    const declared = [...this.#declared].map(([name, value]) => `const ${name} = ${value};\n`);
    const functions = [...this.#functions].map(([name, value]) => `${name} = ${value};\n`);
    return [...declared, '\n', ...functions].join('');
  }
}

function identifier(type: ReflectionObject): string {
  return type.fullName.replaceAll('.', '_');
}
