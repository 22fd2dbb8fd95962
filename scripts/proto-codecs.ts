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

const written = { encode: encoder, fromObject: converter.fromObject };
const read = { decode: decoder, toObject: converter.toObject };

const comment = `// @ts-nocheck
// Made by scripts/build-proto.ts: the functions that protobufjs and proto-loader would make at every start.
import protobuf from 'protobufjs/minimal.js';
`;

const head = `
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
`;

const clientMethod = `
function method(path, _requestStream, _responseStream, request, response) {
  return {
    path,
    requestSerialize: (message) => request.encode(request.fromObject(message)).finish(),
    responseDeserialize: (bytes) => response.toObject(response.decode(bytes), conversion),
  };
}
`;

const daemonImports = `import { StrictReader } from '../strict-reader.ts';
`;

const daemonMethod = `
function method(path, requestStream, responseStream, request, response) {
  return {
    path,
    requestStream,
    responseStream,
    requestDeserialize: (bytes) => request.toObject(request.decode(new StrictReader(bytes)), conversion),
    responseSerialize: (message) => response.encode(response.fromObject(message)).finish(),
  };
}
`;

/**
 * A module with all methods of all services of a package as a client needs them: the source of protobufjs' own
 * functions, which would otherwise be generated and compiled at every start, for most of the time that it takes.
 */
export function clientCodecs(root: Namespace, packageName: string): string {
  const codecs = new Codecs();
  const services = methods(codecs, root, packageName, { request: written, response: read });
  return [comment, head, clientMethod, codecs.source(), ...services].join('\n');
}

/**
 * The same as the daemon needs them: made at the first call of each method, they would hold up all other calls for up to
 * 50 ms. With them encoders of messages, and the numbers of enums. What `messages` take is as on the wire: numbers for
 * enums, nothing that is null. That saves the copy that `converted` make of each to bring it into this form.
 */
export function daemonCodecs(
  root: Namespace,
  packageName: string,
  wanted: Readonly<Partial<Record<'messages' | 'converted' | 'enums', readonly string[]>>> = {},
): string {
  const codecs = new Codecs();
  const services = methods(codecs, root, packageName, { request: read, response: written });
  const exported = (kind: keyof typeof wanted, value: (name: string) => string): string[] =>
    (wanted[kind] ?? []).map((name) => `export const ${name} = ${value(`${packageName}.${name}`)};\n`);
  const exports = [
    ...exported('messages', (name) => codecs.type(root.lookupType(name), { encode: encoder })),
    ...exported('converted', (name) => codecs.type(root.lookupType(name), written)),
    ...exported('enums', (name) => JSON.stringify(root.lookupEnum(name).values)),
  ];
  return [comment + daemonImports, head, daemonMethod, codecs.source(), ...services, ...exports].join('\n');
}

/** Each service's methods, as an exported object. */
function methods(
  codecs: Codecs,
  root: Namespace,
  packageName: string,
  wanted: Readonly<Record<'request' | 'response', Readonly<Record<string, Make>>>>,
): string[] {
  const { Service } = protobuf;
  return (root.lookup(packageName) as Namespace).nestedArray
    .filter((entry) => entry instanceof Service)
    .map((service) => {
      const entries = service.methodsArray.map((method) => {
        const { resolvedRequestType, resolvedResponseType } = method.resolve() as Method;
        const values = [
          JSON.stringify(`/${packageName}.${service.name}/${method.name}`),
          method.requestStream === true,
          method.responseStream === true,
          codecs.type(resolvedRequestType, wanted.request),
          codecs.type(resolvedResponseType, wanted.response),
        ];
        return `  ${method.name}: method(${values.join(', ')}),\n`;
      });
      return `export const ${service.name} = {\n${entries.join('')}};\n`;
    });
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
