import type { ExplainContainerResponse } from '../../proto/gen/types/liker/v1/ExplainContainerResponse.ts';
import { table } from '../output/table.ts';
import { idRunText } from './id-run-text.ts';
import { ulimitValue } from './ulimit-value.ts';

/** What --format prints, as docs/api.md has it. */
export function explanationRecord(explanation: ExplainContainerResponse) {
  const { steps, risks, cgroupWrites, rlimits, seccomp, userNamespace } = explanation;
  return {
    Steps: steps.map(({ group, name, detail }) => ({ Group: group, Name: name, Detail: detail })),
    // As in inspect.
    IDMappings: userNamespace && {
      UidMap: userNamespace.uids.map(idRunText),
      GidMap: userNamespace.gids.map(idRunText),
    },
    Capabilities: { Kept: explanation.capabilitiesKept, Dropped: explanation.capabilitiesDropped },
    Seccomp: seccomp && {
      Profile: seccomp.profile,
      Instructions: seccomp.instructions,
      Rules: seccomp.rules,
      DefaultAction: seccomp.defaultAction,
      Flags: seccomp.flags,
    },
    CgroupWrites: cgroupWrites.map(({ knob, file, value }) => ({ Knob: knob, File: file, Value: value })),
    Rlimits: rlimits.map(({ name, soft, hard }) => ({
      Name: name,
      Soft: ulimitValue(soft),
      Hard: ulimitValue(hard),
    })),
    Sysctls: explanation.sysctls,
    Environment: explanation.environment,
    Risks: risks.map(({ severity, rule, text }) => ({
      Severity: severityWord(String(severity)),
      Rule: rule,
      Text: text,
    })),
    Warnings: explanation.warnings,
  };
}

type ExplanationRecord = ReturnType<typeof explanationRecord>;

/** RISK_SEVERITY_HIGH is high; a severity of a newer likerd stays a number. */
function severityWord(severity: string): string {
  return severity.replace('RISK_SEVERITY_', '').toLowerCase();
}

/** The same for a person: the steps, numbered, under the heading of their group, and the risks. */
export function explanationLines({ Steps, Risks, IDMappings }: ExplanationRecord): string[] {
  const rows = table(Steps.map(({ Name, Detail }, index) => [String(index + 1).padStart(4), Name, Detail]));
  const steps = rows.flatMap((row, index) => {
    const group = Steps[index]?.Group ?? '';
    return group === Steps[index - 1]?.Group ? [row] : [`${group}:`, row];
  });
  const risks = table(Risks.map(({ Severity, Text }) => [`  ${Severity}`, Text]));
  return [
    ...steps,
    '',
    ...(Risks.length > 0 ? ['Risks, the most dangerous first:', ...risks] : ['No risks found']),
    ...rootLines(IDMappings?.UidMap ?? []),
  ].map((line) => line.trimEnd());
}

/** Who root inside is, where it is another user outside. */
function rootLines(uids: readonly string[]): string[] {
  const outside = uids.find((run) => run.startsWith('0:'))?.split(':')[1];
  if (outside === undefined || outside === '0') return [];
  return ['', `Root inside is uid ${outside} on the host, an ordinary user`];
}
