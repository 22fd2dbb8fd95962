import type { IncomingHttpHeaders } from 'node:http';

/** What the headers of a refusal (429) say. */
export interface Limit {
  /** When it ends, in milliseconds since the epoch; null: it does not say. */
  readonly endMs: number | null;
  /** Requests in a window of seconds. */
  readonly rule: { readonly requests: number; readonly seconds: number } | null;
}

/** Reads Retry-After (RFC 9110), RateLimit-Limit and RateLimit-Reset (Docker Hub and others), X-RateLimit-Reset (GitHub). */
export function readLimit(headers: IncomingHttpHeaders, nowMs: number): Limit {
  const after = seconds(headers['retry-after']) ?? seconds(headers['ratelimit-reset']);
  const given = String(headers['retry-after'] ?? '');
  const date = /^\w{3}, .* GMT$/.test(given) ? Date.parse(given) : Number.NaN;
  const epoch = seconds(headers['x-ratelimit-reset']);
  const [, requests, window] =
    /^\s*(\d{1,12})\s*;\s*w=(\d{1,12})/.exec(String(headers['ratelimit-limit'] ?? '')) ?? [];
  return {
    endMs:
      after !== null
        ? nowMs + after * 1000
        : !Number.isNaN(date)
          ? date
          : epoch !== null
            ? epoch * 1000
            : null,
    rule: requests === undefined ? null : { requests: Number(requests), seconds: Number(window) },
  };
}

/** The same in words: ' (100 in 6 hours)', and what to do. */
export function limitText(
  headers: IncomingHttpHeaders,
  nowMs: number,
): { readonly rule: string; readonly until: string } {
  const { endMs, rule } = readLimit(headers, nowMs);
  const ruleText = rule === null ? '' : ` (${rule.requests} in ${duration(rule.seconds)})`;
  if (endMs !== null) {
    const at = new Date(endMs).toISOString().slice(0, 19).replace('T', ' ');
    return {
      rule: ruleText,
      until: `try again in ${duration(Math.max(0, endMs - nowMs) / 1000)}, at ${at} UTC`,
    };
  }
  const until = rule === null ? 'try again later' : `try again in ${duration(rule.seconds)} at the latest`;
  return { rule: ruleText, until };
}

function seconds(header: string | string[] | undefined): number | null {
  const text = String(header ?? '').trim();
  return /^\d{1,12}$/.test(text) ? Number(text) : null;
}

function duration(seconds: number): string {
  const [amount, unit] =
    seconds >= 7200
      ? [Math.round(seconds / 3600), 'hours']
      : seconds >= 120
        ? [Math.round(seconds / 60), 'minutes']
        : [Math.ceil(seconds), 'seconds'];
  return `${amount} ${unit}`;
}
