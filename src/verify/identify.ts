/**
 * Whose log this is, before a line of it is judged. Invariant: what was given from outside decides; a log that says it
 * is another one is one finding, and not one at every line.
 */
import type { Disk } from '../disk/disk.js';
import type { VerificationKey } from '../keys/verification.js';
import type { HeadState } from '../log/head.js';
import type { LogPub } from '../log/own.js';
import type { Places, SegmentFile } from '../log/segment.js';
import { establish, factsFrom, parseLogPub, statedIn } from './facts.js';
import type { Facts } from './facts.js';
import type { Findings } from './finding.js';
import { readSmall } from './state.js';

/** What a log is verified with. Neither: it cannot be. */
export interface Witness {
  /** The verification key; `besideLog` when it was found in the state directory itself, where a thief would find it too. */
  readonly key?: { readonly key: VerificationKey; readonly besideLog: boolean };
  /** `log.pub` from outside: identity vkey, epoch-0 vkey. */
  readonly pub?: LogPub;
}

/** What there is to look at. */
export interface Scene {
  readonly disk: Disk;
  readonly places: Places;
  readonly segments: readonly SegmentFile[];
  readonly head: HeadState;
  readonly findings: Findings;
}

/** The facts to verify by; undefined when a finding says why there are none. */
export function identify(scene: Scene, { key, pub }: Witness): Facts | undefined {
  const { disk, places, segments, findings } = scene;
  const stated = (path: string | undefined): LogPub | undefined =>
    path === undefined || disk.entry(path)?.kind !== 'file' ? undefined : statedIn(disk, path);
  const inLog = [stated(segments[0]?.first === 1 ? segments[0].path : places.retired), stated(segments[0]?.path)];
  const first = inLog.find((logPub) => logPub !== undefined);
  const name = first === undefined ? undefined : factsFrom(first)?.origin;
  if (key === undefined) return pub === undefined ? undefined : byPublicKey(pub, first, findings);
  const beside = parseLogPub(readSmall(disk, places.logPub) ?? '');
  const found = establish(key.key, [...inLog, pub, beside]);
  switch (found.kind) {
    case 'found':
      if (first !== undefined && first[0] !== found.facts.logPub[0]) {
        findings.add('wrong_key', `the log says it is ${name ?? 'another'}, the key belongs to ${key.key.origin}`, { seq: 1 });
      }
      if (pub !== undefined && (pub[0] !== found.facts.logPub[0] || pub[1] !== found.facts.logPub[1])) {
        const stranger = factsFrom(pub)?.origin ?? 'another log';
        findings.add('wrong_key', `the public key that was given is that of ${stranger}, not of this log, ${found.facts.origin}, nor of its key`);
      }
      return found.facts;
    case 'another_log': {
      const same = found.origin === key.key.origin ? ', of the same name but with another identity' : '';
      findings.add('wrong_key', `the key belongs to ${key.key.origin}, the log is ${found.origin}${same}: another log, or a replaced one`);
      return undefined;
    }
    case 'nothing_stated':
      if (scene.head.state === 'ok' && scene.head.head.seq === 0 && segments.length === 0) {
        findings.add('nothing_recorded', 'the log was begun and nothing was recorded yet');
      } else findings.add('bad_genesis', 'no genesis, header or log.pub says whose log this is');
      return undefined;
    default: {
      const never: never = found;
      return never;
    }
  }
}

function byPublicKey(pub: LogPub, stated: LogPub | undefined, findings: Findings): Facts | undefined {
  const facts = factsFrom(pub);
  const other = stated === undefined ? undefined : factsFrom(stated);
  if (facts === undefined || other === undefined || other.identity.vkey === facts.identity.vkey) return facts;
  const same = other.origin === facts.origin ? ', of the same name but with another identity' : '';
  findings.add('wrong_key', `the public key belongs to ${facts.origin}, the log is ${other.origin}${same}: another log, or a replaced one`);
  return undefined;
}
