#include "digest.h"

int digest_begin (struct digest *digest, const struct libraries *libraries, struct problem *problem) {
  digest->libraries = libraries;
  digest->context = libraries->EVP_MD_CTX_new ();
  if (!digest->context || libraries->EVP_DigestInit_ex (digest->context, libraries->EVP_sha256 (), NULL) != 1)
    return problem_put (problem, UNSUPPORTED, "", "Cannot check a layer: this machine's libcrypto offers no SHA-256");
  return 0;
}

/* They fail only without a context. */
void digest_add (struct digest *digest, const void *bytes, size_t count) {
  if (digest->context)
    digest->libraries->EVP_DigestUpdate (digest->context, bytes, count);
}

void digest_end (struct digest *digest, uint8_t out[DIGEST_SIZE]) {
  if (digest->context)
    digest->libraries->EVP_DigestFinal_ex (digest->context, out, NULL);
}
