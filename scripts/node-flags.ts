/**
 * The flags with which likerctl starts Node.js: V8 accepts the code cache, which the build makes, only under the same flags.
 * --use-openssl-ca: without it, loading HTTP/2 parses all of Node's certificates, and there is no TLS here.
 */
export const nodeFlags = ['--no-warnings', '--min-semi-space-size=4', '--use-openssl-ca'];
