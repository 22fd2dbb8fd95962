/* Random numbers that nobody can guess (getrandom(2)). */
#pragma once
#include <stddef.h>
#include <stdint.h>

void chance (void *bytes, size_t size);
uint16_t chance_16 (void);
