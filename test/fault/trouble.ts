// Every way in which a call may go wrong without anybody being killed, and where in a phase each is tried.
import type { Call, CallClass, Rule } from './board.js';
import { everyClass, forEver, roleOf } from './board.js';
import type { Cause } from './expectations.js';
import { errnos } from './expectations.js';

/** An error and how long it lasts. */
export interface Trouble {
  readonly name: string;
  readonly cause: Cause;
  readonly lasts?: boolean;
  /** The rules for the call number `at` of a class. */
  rules(call: CallClass, at: number): Rule[];
}

/** Where in a phase: the `at`th call of its class. */
export interface ErrorPoint {
  readonly call: CallClass;
  readonly at: number;
  readonly trouble: Trouble;
}

const causes: Readonly<Record<keyof typeof errnos, Cause>> = {
  EIO: 'good', ENOSPC: 'space', EDQUOT: 'space', EROFS: 'good', EMFILE: 'descriptors', EINTR: 'passing', EAGAIN: 'good',
};
/** A signal does not interrupt the same call for ever. */
const interruptionsMax = 3;

function failing(name: keyof typeof errnos, times: number): Trouble {
  const rules = (call: CallClass, at: number): Rule[] => [{ classes: [call], at, times, mode: 'fail', errno: errnos[name] }];
  return { name: `${name}, ${times === 1 ? 'once' : 'lasting'}`, cause: causes[name], lasts: times > 1, rules };
}

const names = Object.keys(errnos) as (keyof typeof errnos)[];
const troubles: readonly Trouble[] = names.flatMap((name) => [failing(name, 1), failing(name, name === 'EINTR' ? interruptionsMax : forEver)]);

const shortOnce: Trouble = {
  name: 'a short write', cause: 'passing', rules: (call, at) => [{ classes: [call], at, times: 1, mode: 'short' }],
};
/** How Node shows a disk that becomes full: part of it first, the error afterwards. */
const shortThenFull: Trouble = {
  name: 'a short write, then ENOSPC', cause: 'space', lasts: true,
  rules: (call, at) => [
    { classes: [call], at, times: 1, mode: 'short' }, { classes: [call], at: at + 1, times: forEver, mode: 'fail', errno: errnos.ENOSPC },
  ],
};
/** In place, for a moment. Where it lasts half a slot remains and nobody could write the other half. */
const shortThenFailing: Trouble = {
  name: 'a short write, then EIO', cause: 'good',
  rules: (call, at) => [
    { classes: [call], at, times: 1, mode: 'short' }, { classes: [call], at: at + 1, times: 1, mode: 'fail', errno: errnos.EIO },
  ],
};
/** What was taken of a line cannot be taken back. */
function notTakenBack(name: keyof typeof errnos): Trouble {
  return {
    name: `ENOSPC, and ${name} at taking it back`, cause: causes[name] === 'passing' ? 'space' : 'good',
    rules: (call) => [
      { classes: [call], at: 1, times: 1, mode: 'fail', errno: errnos.ENOSPC, part: 'log/0' }, { classes: ['truncate'], at: 1, times: 1, mode: 'fail', errno: errnos[name] },
    ],
  };
}
/** Writes that are said to be made and are not. No daemon can notice: the matrix has to. */
export const lyingDisk: Trouble = {
  name: 'a write that is not made', cause: 'passing', rules: (call, at) => [{ classes: [call], at, times: 1, mode: 'drop' }],
};

const failingClasses: readonly CallClass[] = everyClass.filter((one) => one !== 'socket' && one !== 'meta');
/** Of calls that look the same, so many are tried. */
const alikeMax = 2;

/** Every error at every call of a phase that can tell something new. */
export function errorPoints(calls: readonly Call[]): ErrorPoint[] {
  const inClass = new Map<CallClass, number>();
  const alike = new Map<string, number>();
  return calls.flatMap((call) => {
    const at = (inClass.get(call.class) ?? 0) + 1;
    inClass.set(call.class, at);
    const likeness = `${call.process} ${call.name} ${roleOf(call.path)}`;
    const before = alike.get(likeness) ?? 0;
    alike.set(likeness, before + 1);
    if (before >= alikeMax || !failingClasses.includes(call.class)) return [];
    const short = { grow: [shortOnce, shortThenFull], write: [shortOnce, shortThenFailing] };
    const shorts = call.class === 'grow' || call.class === 'write' ? short[call.class] : [];
    const isLine = call.class === 'grow' && roleOf(call.path) === 'segment' && before === 0;
    const here = [...troubles, ...shorts, ...(isLine ? names.map(notTakenBack) : [])];
    return here.map((trouble) => ({ call: call.class, at, trouble }));
  });
}
