import { readFields, type WireField } from '../../../common/wire.ts';

/** Field numbers of google/protobuf/descriptor.proto: the fields from which names are read. */
const fileFields = {
  name: 1,
  package: 2,
  dependency: 3,
  message: 4,
  enumeration: 5,
  service: 6,
  extension: 7,
};
const messageFields = { name: 1, field: 2, message: 3, enumeration: 4, extension: 6, oneof: 8 };
const serviceFields = { name: 1, method: 2 };
const enumFields = { name: 1, value: 2 };

interface DescribedFile {
  /** The google.protobuf.FileDescriptorProto as the compiler wrote it. */
  readonly bytes: Buffer;
  readonly imports: readonly string[];
}

/** The symbols that a google.protobuf.FileDescriptorSet defines, and the file of each. */
export class Descriptors {
  readonly #files = new Map<string, DescribedFile>();
  /** Full name of a symbol → the file that defines it. */
  readonly #symbols = new Map<string, string>();
  readonly #messages = new Set<string>();

  constructor(set: Uint8Array) {
    for (const { value } of readFields(set)) this.#addFile(value as Buffer);
  }

  /** The file and everything it imports, the file itself first; null when no file has this name. */
  file(name: string): Buffer[] | null {
    const files = new Map<string, Buffer>();
    const add = (wanted: string): void => {
      const found = this.#files.get(wanted);
      if (!found || files.has(wanted)) return;
      files.set(wanted, found.bytes);
      found.imports.forEach(add);
    };
    add(name);
    return files.size === 0 ? null : [...files.values()];
  }

  /** Like `file`, for the file that defines the symbol. */
  fileOf(symbol: string): Buffer[] | null {
    return this.file(this.#symbols.get(symbol) ?? '');
  }

  isMessage(name: string): boolean {
    return this.#messages.has(name);
  }

  #addFile(bytes: Buffer): void {
    const fields = [...readFields(bytes)];
    const [name = ''] = texts(fields, fileFields.name);
    const [scope = ''] = texts(fields, fileFields.package);
    this.#files.set(name, { bytes, imports: texts(fields, fileFields.dependency) });
    const define = (symbol: string) => void this.#symbols.set(symbol, name);
    this.#addNested(fields, scope, fileFields, define);
    for (const service of parts(fields, fileFields.service)) {
      const full = `${scope}.${nameOf(service)}`;
      define(full);
      for (const method of parts(service, serviceFields.method)) define(`${full}.${nameOf(method)}`);
    }
  }

  #addMessage(fields: readonly WireField[], scope: string, define: (symbol: string) => void): void {
    const full = `${scope}.${nameOf(fields)}`;
    define(full);
    this.#messages.add(full);
    for (const member of [...parts(fields, messageFields.field), ...parts(fields, messageFields.oneof)])
      define(`${full}.${nameOf(member)}`);
    this.#addNested(fields, full, messageFields, define);
  }

  #addNested(
    fields: readonly WireField[],
    scope: string,
    numbers: { readonly message: number; readonly enumeration: number; readonly extension: number },
    define: (symbol: string) => void,
  ): void {
    for (const message of parts(fields, numbers.message)) this.#addMessage(message, scope, define);
    for (const extension of parts(fields, numbers.extension)) define(`${scope}.${nameOf(extension)}`);
    for (const enumeration of parts(fields, numbers.enumeration)) {
      define(`${scope}.${nameOf(enumeration)}`);
      // As in C++, the values belong to the scope of the enumeration, not to the enumeration.
      for (const value of parts(enumeration, enumFields.value)) define(`${scope}.${nameOf(value)}`);
    }
  }
}

function texts(fields: readonly WireField[], number: number): string[] {
  return fields.filter((field) => field.number === number).map(({ value }) => value.toString());
}

function parts(fields: readonly WireField[], number: number): WireField[][] {
  return fields
    .filter((field) => field.number === number)
    .map(({ value }) => [...readFields(value as Buffer)]);
}

function nameOf(fields: readonly WireField[]): string {
  return texts(fields, 1)[0] ?? '';
}
