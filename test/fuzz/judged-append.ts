// What the daemon owes for one payload: the judge's answer, and of an append also what admission must say.
import { type Judgement, type MeantEntry, type Reason, judge } from './grammar.js';
import type { JudgeLimits } from './grammar.js';
import { type Verdict, completed, profiles } from './shapes.js';

/** An event that was meant, and what it is recorded as. */
export interface Owed {
  readonly entry: MeantEntry;
  readonly verdict: Verdict;
}

export interface Expectation {
  readonly judgement: Judgement;
  /** Why it may be refused: `must` of the judge and of admission, and what is left open. */
  readonly reasons: readonly Reason[];
  /** Whether it may be accepted. */
  readonly mayPass: boolean;
  readonly events: readonly Owed[];
  /** An error about it may come under another id, or none. */
  readonly idIsOpen: boolean;
}

/** What must become of a payload. */
export function expectationOf(payload: Buffer, limits: JudgeLimits): Expectation {
  const judgement = judge(payload, limits);
  const reasons: Reason[] = [...judgement.must, ...judgement.may];
  const events = judgement.must.length > 0 ? [] : judgement.events.map((entry) => ({ entry, verdict: verdictOf(entry) }));
  for (const { entry, verdict } of events) {
    if (entry.profile === 'indelible') reasons.push({ code: 'forbidden' });
    else if (verdict.ok !== 'yes') reasons.push({ code: 'invalid_event' });
  }
  const idIsOpen = !judgement.whole || judgement.must.some(({ code }) => code === 'bad_frame');
  return { judgement, idIsOpen, reasons, mayPass: judgement.must.length === 0 && events.every(({ verdict }) => verdict.ok !== 'no'), events };
}

function verdictOf(entry: MeantEntry): Verdict {
  return profiles.includes(entry.profile) ? completed(entry.profile, entry.event) : { ok: 'no' };
}
