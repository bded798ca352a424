// The decoder and the admission behind it, alone and fast, against the judge: the same payloads refused, for a reason that
// is there, and of those that are accepted the same meaning and the same record.
import { catalogue } from '../../src/event/catalogue.js';
import { jsonText } from '../../src/event/json.js';
import { admit, sourcePiece } from '../../src/server/admission.js';
import type { AdmissionRules } from '../../src/server/admission.js';
import type { ListenerConfig } from '../../src/server/settings.js';
import { decodeRequest } from '../../src/wire/decode.js';
import type { Decoded, WireFailure } from '../../src/wire/decode.js';
import { Encoder } from '../../src/wire/encode.js';
import type { EventEntry, Request } from '../../src/wire/message.js';
import { writeEntry } from '../../src/wire/request.js';
import { bodyText } from '../body-text.js';
import { textOf } from '../json-text.js';
import { expectedBody } from './expected.js';
import { request } from './generate.js';
import { type Judgement, type JudgeLimits, type MeantEntry, judge } from './grammar.js';
import { bytesHeld } from './heap.js';
import { spelled } from './meaning.js';
import { minimise, minimiseBytes } from './minimise.js';
import { mutateBytes, mutateTree } from './mutate.js';
import type { Outcome } from './outcome.js';
import { Random } from './random.js';
import { assigned, completed, profiles } from './shapes.js';
import { type Token, tokenOf, write } from './token.js';

/** Small ones, so that they are met. */
export const limits: JudgeLimits = { events: 4, eventBytes: 20_000 };

export type Decoder = (payload: Buffer, limits: JudgeLimits) => Decoded;
export type Judge = (payload: Buffer, limits: JudgeLimits) => Judgement;

/** One payload, as a tree and as bytes. They differ where the bytes were spoiled, too. */
export interface Drawn {
  readonly token: Token;
  readonly payload: Buffer;
  readonly spoiled: boolean;
}

/** Draws one payload: most of them spoiled, in one place or a few. */
export function draw(random: Random, id: number, tails = true): Drawn {
  const plan = { id, tails, eventId: () => `e-${random.below(1_000_000)}` };
  let token = tokenOf(request(random, plan), random);
  const sound = random.oneIn(6);
  if (!sound && !random.oneIn(5)) {
    const other = tokenOf(request(random, plan), random);
    do token = mutateTree(token, random, other); while (random.oneIn(3));
  }
  let payload = write(token);
  const bytesSpoiled = !sound && random.oneIn(4);
  if (bytesSpoiled) do payload = mutateBytes(payload, random); while (random.oneIn(3));
  return { token, payload, spoiled: bytesSpoiled };
}

const sourceText = '{"listener":"default","pid":1}';
const listener: ListenerConfig = { name: 'default', path: '/s', mode: 0o660, profiles: undefined, labels: {}, rate: 0 };
const rules: AdmissionRules = {
  catalogue: catalogue({ unknownKinds: 'reject', now: () => assigned.timestamp, uuid: () => assigned.id }), redactor: undefined,
};

/** What is wrong between a decoder's answer and the judge's; undefined if they agree. The first words name the kind. */
export function disagreement(payload: Buffer, decode: Decoder, judged: Judge): string | undefined {
  let decoded: Decoded;
  try {
    decoded = decode(payload, limits);
  } catch (error) {
    return `threw: ${String(error)}`;
  }
  const judgement = judged(payload, limits);
  if (!decoded.ok) return refusedWrongly(decoded.error, judgement);
  const [reason] = judgement.must;
  if (reason !== undefined) return `accepted what must be refused: ${reason.code} ${reason.path ?? ''}`;
  return meantOtherwise(decoded.request, judgement) ?? recordedOtherwise(decoded.request, judgement.events);
}

function refusedWrongly(error: WireFailure, { must, may, id, op, whole }: Judgement): string | undefined {
  const { code, index, path } = error;
  const fits = [...must, ...may].some((reason) => reason.code === code
    && (index === undefined || reason.index === undefined || reason.index === index)
    && (path === undefined || reason.path === path));
  if (!fits) {
    const known = [...must, ...may].some((reason) => reason.code === code);
    return must.length === 0 && may.length === 0 ? `refused what must be accepted: ${code}: ${error.message}`
      : `${known ? 'another place' : 'another code'}: ${code} at ${index ?? ''}${path ?? ''}, not ${JSON.stringify(must.slice(0, 3))}`;
  }
  if (whole && must.length + may.length > 0 && error.id !== id) return `echoed another id: ${String(error.id)}, not ${String(id)}`;
  if (whole && op === 'append' && error.op !== 'append') return 'not known as an append';
  return undefined;
}

function meantOtherwise(decoded: Request, judgement: Judgement): string | undefined {
  const fields = fieldsOf(decoded);
  if (fields !== judgement.fields) return `other fields: ${fields}, not ${judgement.fields}`;
  if (decoded.op !== 'append') return undefined;
  if (decoded.events.length !== judgement.events.length) return 'other events: their number';
  for (const [index, { profile, event, json, id, traceparent, bytes }] of decoded.events.entries()) {
    const meant = judgement.events[index];
    for (const text of [jsonText(event), ...(json === undefined ? [] : [textOf(json)])]) {
      if (text !== meant?.eventText) return `another event: ${text}, not ${meant?.eventText ?? ''}`;
    }
    if (meant === undefined) return 'one event too many';
    if (profile !== meant.profile || id !== meant.id || traceparent !== meant.traceparent || bytes !== meant.bytes) return 'another entry';
  }
  return undefined;
}

function fieldsOf(decoded: Request): string {
  const { op, id } = decoded;
  const texts = (fields: object): string => `${op} ${id} {${Object.entries(fields).filter(([, value]) => value !== undefined)
    .map(([name, value]: [string, string | number]) => `${spelled(name)}:${typeof value === 'string' ? spelled(value) : String(value)}`).join(',')}}`;
  switch (op) {
    case 'append': return texts({ dropped: decoded.dropped });
    case 'hello': return texts({ v: decoded.v, client: decoded.client });
    case 'recent': return texts({ limit: decoded.limit, before: decoded.before, ...decoded.filters });
    case 'tail': return texts({ from: decoded.from, ...decoded.filters });
    case 'prove': return texts({ seq: decoded.seq });
    case 'status':
    case 'checkpoint': return texts({});
    default: return decoded satisfies never;
  }
}

function recordedOtherwise(decoded: Request, meant: readonly MeantEntry[]): string | undefined {
  if (decoded.op !== 'append') return undefined;
  // What an entry holds is gone when another request is decoded.
  const admissions = decoded.events.map((entry) => admit(rules, listener, sourcePiece(sourceText), [entry]))
    .map((admission) => (admission.ok ? { ...admission, body: bodyText(admission.bodies[0]) } : admission));
  for (const [index, entry] of decoded.events.entries()) {
    const admission = admissions[index];
    if (admission === undefined) return 'no admission';
    const asMeant = meant[index];
    if (asMeant === undefined) return 'no such entry';
    if (!profiles.includes(entry.profile)) {
      if (admission.ok) return 'admitted a profile that nobody knows';
      continue;
    }
    const verdict = completed(entry.profile, asMeant.event);
    if (verdict.ok !== 'either' && admission.ok !== (verdict.ok === 'yes')) return `${admission.ok ? 'admitted' : 'did not admit'}: ${jsonText(entry.event)}`;
    if (!admission.ok || verdict.ok === 'no') continue;
    const expected = expectedBody(asMeant, verdict.kind, verdict.event, sourceText);
    if (admission.body !== expected) return `would record: ${admission.body}, not ${expected}`;
    const again = encodedAgain(entry);
    if (again !== undefined) return again;
  }
  return undefined;
}

/** An accepted event, encoded by the client's encoder, means the same again. */
function encodedAgain(entry: EventEntry): string | undefined {
  const encoder = new Encoder();
  encoder.map(3);
  for (const word of ['op', 'append', 'id']) encoder.text(word);
  encoder.number(0);
  encoder.text('events');
  encoder.array(1);
  writeEntry(encoder, entry.profile, entry.event, 'e', undefined);
  const decoded = decodeRequest(encoder.take(), { events: 1, eventBytes: 2 * limits.eventBytes });
  const text = decoded.ok && decoded.request.op === 'append' ? jsonText(decoded.request.events[0]?.event ?? null) : JSON.stringify(decoded);
  return text === jsonText(entry.event) ? undefined : `encoded again it is another event: ${text}`;
}

export interface DecoderRun {
  readonly cases: number;
  readonly decode?: Decoder;
  readonly judge?: Judge;
  /** Told now and then how far it is. */
  readonly onProgress?: (done: number) => void;
}

/** Heap that may be held more after the second half of a run than after the first, bytes. */
const heapGrowthMax = 16 * 1024 * 1024;

/** Runs the cases and reports what disagreed. */
export function fuzzDecoder(run: DecoderRun, outcome: Outcome): void {
  const decode = run.decode ?? decodeRequest;
  const judged = run.judge ?? judge;
  let heldHalfway = 0;
  for (let number = 0; number < run.cases; number += 1) {
    if (number === run.cases >> 1) heldHalfway = bytesHeld();
    if (number % 10_000 === 0) run.onProgress?.(number);
    const random = new Random(outcome.seed, 'decoder', number);
    const { token, payload, spoiled } = draw(random, number);
    const what = disagreement(payload, decode, judged);
    outcome.count(decodedAs(payload, decode));
    if (what === undefined) continue;
    const kind = what.split(':')[0] ?? '';
    if (!outcome.wants(kind)) {
      outcome.mismatch(kind, { target: 'decoder', number, what, input: '' });
      continue;
    }
    const fails = (bytes: Buffer): boolean => disagreement(bytes, decode, judged)?.split(':')[0] === kind;
    const small = spoiled ? minimiseBytes(payload, fails) : minimise(token, fails);
    const said = disagreement(small, decode, judged) ?? what;
    outcome.mismatch(kind, { target: 'decoder', number, what: said, input: small.toString('hex') });
  }
  const growth = bytesHeld() - heldHalfway;
  outcome.count('decoder: cases', run.cases);
  if (growth > heapGrowthMax) outcome.mismatch('growth', { target: 'decoder', number: run.cases, what: `the heap grew by ${growth} bytes in the second half`, input: '' });
}

function decodedAs(payload: Buffer, decode: Decoder): string {
  try {
    const decoded = decode(payload, limits);
    return decoded.ok ? `decoder: accepted ${decoded.request.op}` : `decoder: ${decoded.error.code}`;
  } catch {
    return 'decoder: threw';
  }
}
