import type { ImageName } from '../../common/image-name.ts';
import type { Chosen } from '../oci/choose.ts';
import type { Descriptor, Document } from '../oci/document.ts';
import type { Platform } from '../oci/platform.ts';

/** Credentials for one registry, in one of three ways; empty texts for the others. They are used for one call, and stored nowhere. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Exchanged for other tokens (OAuth2 refresh token). */
  readonly identityToken: string;
  /** Sent as it is. */
  readonly registryToken: string;
}

/** How one call reaches a registry. */
export interface Access {
  readonly credentials: Credentials | null;
  /** HTTPS without a check of the certificate, or else plain HTTP. */
  readonly insecure: boolean;
}

/**
 * Registries. All calls fail with REGISTRY_UNREACHABLE, REGISTRY_DENIED (it refuses the credentials, or needs some), REGISTRY_LIMIT (it
 * limits requests; the text says until when), REGISTRY_REFUSED (anything else that it does not want), REGISTRY_MISCONFIGURED (its
 * hosts.toml), IMAGE_NOT_FOUND (it has no such repository, tag or blob), BAD_IMAGE (digest, size or form is wrong), CANCELLED.
 */
export interface Registries {
  /** One repository for the time of one call, which shares its tokens. It makes no request yet. */
  open(name: ImageName, access: Access): Repository;
  /** Checks the credentials. Returns the identity token to keep in place of the password; empty: the registry gives none. */
  checkCredentials(host: string, access: Access, signal: AbortSignal): Promise<string>;
}

/** What a name stands for in a registry. */
export interface Resolved extends Chosen {
  /** Of the outermost index, or else of the manifest: what stands behind the @ of name@digest. */
  readonly digest: string;
}

/** What is stored in a registry beside documents: layers and configurations. */
export type Blob = Pick<Descriptor, 'digest' | 'size'>;

export interface Download {
  /** Open for writing. The bytes are written at their positions. */
  readonly fd: number;
  /** How many of the first bytes are there already; at most the blob's size. */
  readonly offset: number;
  /** The first `end` bytes of the blob are in the file now. */
  onBytes(end: number): void;
  /**
   * Bytes are going to be written beyond the first `end`, with gaps between; null: there are no gaps any more, and the file ends where they
   * began. Without this, bytes come in their order.
   */
  onGaps?(end: number | null): Promise<void>;
}

export interface Repository {
  /** Finds the digest that the name's tag has now. A name with a digest has that one, and nothing is asked. */
  digest(signal: AbortSignal): Promise<string>;
  /** Resolves the name down to the manifest for a platform. Also fails with PLATFORM_MISSING. */
  resolve(platform: Platform, signal: AbortSignal): Promise<Resolved>;
  /** An index or a manifest, by its digest. */
  document(wanted: Pick<Descriptor, 'digest' | 'mediaType'>, signal: AbortSignal): Promise<Document>;
  /** A whole blob, such as a configuration, of at most 16 MiB, with digest and size checked. */
  blob(blob: Blob, signal: AbortSignal): Promise<Buffer>;
  /** Writes the rest of a blob into a file. The size is checked, the digest is not. */
  download(blob: Blob, download: Download, signal: AbortSignal): Promise<void>;
  /** True if the registry has the blob. */
  hasBlob(digest: string, signal: AbortSignal): Promise<boolean>;
  /** Makes a blob of another repository of this registry appear here, too. False: the registry did not, so upload it. */
  mount(digest: string, from: ImageName, signal: AbortSignal): Promise<boolean>;
  /** Uploads a blob, whose bytes `read` gives from the first on, each time that it is called. */
  upload(blob: Blob, read: ReadBlob, signal: AbortSignal): Promise<void>;
  /** Stores an index or a manifest under a tag, or its digest if `tag` is null. */
  putDocument(
    document: Pick<Document, 'bytes' | 'digest' | 'mediaType'>,
    tag: string | null,
    signal: AbortSignal,
  ): Promise<void>;
}

/** The bytes of a blob from `offset` on. */
export type ReadBlob = (offset: number) => AsyncIterable<Uint8Array>;
