#include "timestamp.h"
#include "base/text.h"

struct date {
  uint64_t year, month, day;
};

/* Converts days since 1970 to a Gregorian date. Years begin in March here, so the leap day comes last. */
static struct date date_of (uint64_t days) {
  uint64_t shifted = days + 719468;
  uint64_t era = shifted / 146097, of_era = shifted % 146097;
  uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  uint64_t month = (5 * of_year + 2) / 153;
  return (struct date){
    .year = year + era * 400 + (month >= 10),
    .month = month < 10 ? month + 3 : month - 9,
    .day = of_year - (153 * month + 2) / 5 + 1,
  };
}

void put_timestamp (char out[TIMESTAMP_SIZE], uint64_t ns) {
  uint64_t seconds = ns / 1000000000u, of_day = seconds % 86400;
  struct date date = date_of (seconds / 86400);
  out = put_padded (out, date.year, 4);
  *out++ = '-';
  out = put_padded (out, date.month, 2);
  *out++ = '-';
  out = put_padded (out, date.day, 2);
  *out++ = 'T';
  out = put_padded (out, of_day / 3600, 2);
  *out++ = ':';
  out = put_padded (out, of_day / 60 % 60, 2);
  *out++ = ':';
  out = put_padded (out, of_day % 60, 2);
  *out++ = '.';
  out = put_padded (out, ns % 1000000000u, 9);
  *out = 'Z';
}
