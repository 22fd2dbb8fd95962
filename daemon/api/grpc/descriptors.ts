import { WireMessage } from '../../../common/wire.ts';

/** Field numbers of google/protobuf/descriptor.proto: the fields from which names are read. Every name of its own is in the first. */
const nameField = 1;
const fileFields = { package: 2, dependency: 3, message: 4, enumeration: 5, service: 6, extension: 7 };
const messageFields = { field: 2, message: 3, enumeration: 4, extension: 6, oneof: 8 };
const serviceFields = { method: 2 };
const enumFields = { value: 2 };

interface DescribedFile {
  /** The google.protobuf.FileDescriptorProto as the compiler wrote it. */
  readonly bytes: Uint8Array;
  readonly imports: readonly string[];
}

/** The symbols that a google.protobuf.FileDescriptorSet defines, and the file of each. */
export class Descriptors {
  readonly #files = new Map<string, DescribedFile>();
  /** Full name of a symbol → the file that defines it. */
  readonly #symbols = new Map<string, string>();
  readonly #messages = new Set<string>();

  constructor(set: Uint8Array) {
    for (const file of new WireMessage(set).bytes(1)) this.#addFile(file);
  }

  /** The file and everything it imports, the file itself first; null when no file has this name. */
  file(name: string): Uint8Array[] | null {
    const files = new Map<string, Uint8Array>();
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
  fileOf(symbol: string): Uint8Array[] | null {
    return this.file(this.#symbols.get(symbol) ?? '');
  }

  isMessage(name: string): boolean {
    return this.#messages.has(name);
  }

  #addFile(bytes: Uint8Array): void {
    const file = new WireMessage(bytes);
    const name = file.text(nameField);
    const scope = file.text(fileFields.package);
    this.#files.set(name, { bytes, imports: file.texts(fileFields.dependency) });
    const define = (symbol: string) => void this.#symbols.set(symbol, name);
    this.#addNested(file, scope, fileFields, define);
    for (const service of file.messages(fileFields.service)) {
      const full = `${scope}.${nameOf(service)}`;
      define(full);
      for (const method of service.messages(serviceFields.method)) define(`${full}.${nameOf(method)}`);
    }
  }

  #addMessage(message: WireMessage, scope: string, define: (symbol: string) => void): void {
    const full = `${scope}.${nameOf(message)}`;
    define(full);
    this.#messages.add(full);
    for (const member of [...message.messages(messageFields.field), ...message.messages(messageFields.oneof)])
      define(`${full}.${nameOf(member)}`);
    this.#addNested(message, full, messageFields, define);
  }

  #addNested(
    parent: WireMessage,
    scope: string,
    numbers: { readonly message: number; readonly enumeration: number; readonly extension: number },
    define: (symbol: string) => void,
  ): void {
    for (const message of parent.messages(numbers.message)) this.#addMessage(message, scope, define);
    for (const extension of parent.messages(numbers.extension)) define(`${scope}.${nameOf(extension)}`);
    for (const enumeration of parent.messages(numbers.enumeration)) {
      define(`${scope}.${nameOf(enumeration)}`);
      // As in C++, the values belong to the scope of the enumeration, not to the enumeration.
      for (const value of enumeration.messages(enumFields.value)) define(`${scope}.${nameOf(value)}`);
    }
  }
}

function nameOf(described: WireMessage): string {
  return described.text(nameField);
}
