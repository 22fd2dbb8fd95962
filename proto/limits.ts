/** Greatest size of a message in bytes, both ways. */
export const maxMessageBytes = 16 * 1024 * 1024;
