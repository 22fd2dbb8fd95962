import * as v from 'valibot';
import { type EgressRule, parseEgressRule } from '../../../../common/egress.ts';
import { asError, badArgument, invalid } from '../../../../common/errors.ts';
import { fields, type Of, texts } from '../../../../common/schema.ts';

/** What a container, or those of a network, may reach. */
export const egressSchema = fields({
  mode: v.picklist(['all', 'none', 'allow']),
  /** With `allow`: as parseEgressRule reads them. */
  rules: texts,
});
export interface EgressPolicy extends Of<typeof egressSchema> {}

const mostRules = 1000;

/** Throws BAD_ARGUMENT. */
export function checkEgress(policy: EgressPolicy | null, field: string): void {
  if (policy === null) return;
  const { mode, rules } = policy;
  if (mode !== 'allow' && rules.length > 0)
    throw badArgument(`${field}.rules`, `Invalid ${field}: ${mode} has no rules`);
  if (mode !== 'allow') return;
  const at = `${field}.rules`;
  if (rules.length === 0)
    throw badArgument(at, `Invalid ${at}: no rule says what is allowed; use none for nothing`);
  if (rules.length > mostRules)
    throw badArgument(at, `Invalid ${at}: these are ${rules.length}; use at most ${mostRules}`);
  for (const [index, rule] of rules.entries())
    try {
      parseEgressRule(rule);
    } catch (error) {
      throw invalid(`${field}.rules[${index}]`, rule, asError(error).message);
    }
}

/** Null where nothing is restricted, by a policy or for want of one. */
export function restrictionOf(policy: EgressPolicy | null): readonly EgressRule[] | null {
  return policy === null || policy.mode === 'all' ? null : policy.rules.map(parseEgressRule);
}

/** As --egress has it, on one line. */
export function egressText({ mode, rules }: EgressPolicy): string {
  return mode === 'allow' ? `allow=${rules.join(',')}` : mode;
}
