// How many events were lost, and whether the log says so. Invariant: a number is in one place, here or in one notice;
// and a notice that may have been recorded travels with the same events only, or each reconnect would record it again.
import type { Notice, Pending } from './pending.js';

/** The count of one client and its children. */
export class Losses {
  #untold = 0;
  #noticed = 0;

  /** Events lost that no acknowledged request has told of. */
  get count(): number {
    return this.#untold + this.#noticed;
  }

  add(events: number): void {
    this.#untold += events;
  }

  /** What is to be told, to go with these appends; undefined if there is nothing. */
  notice(appends: readonly Pending[]): Notice | undefined {
    if (this.#untold === 0) return undefined;
    const witnesses = new Set(appends.filter(({ entries, isDoubtful }) => entries.areNew && !isDoubtful));
    const notice: Notice = { count: this.#untold, appends, witnesses, open: appends.length };
    for (const append of appends) append.notice = notice;
    this.#noticed += this.#untold;
    this.#untold = 0;
    return notice;
  }

  /**
   * A request with the notice was acknowledged; `fresh` of its events were recorded just now. The daemon writes a gap in
   * front of new events only. Of those that it knew already, a witness says that an earlier request with the notice was
   * recorded; without one, they may be older than the notice: told twice is better than never.
   */
  acknowledged(notice: Notice, appends: readonly Pending[], fresh: number): void {
    if (fresh > 0 || appends.some((append) => notice.witnesses.has(append))) this.#noticed -= notice.count;
    else this.takeBack(notice);
  }

  /** The notice is none any more; what it told goes with the next one. */
  takeBack(notice: Notice): void {
    this.#noticed -= notice.count;
    this.#untold += notice.count;
    for (const append of notice.appends) append.notice = undefined;
  }
}
