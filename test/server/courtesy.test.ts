// What those who follow the log leave to those who write it.
import { describe, expect, test } from 'vitest';
import { Courtesy } from '../../src/server/courtesy.js';

const recordMs = 0.002;

/** An event loop and a clock that the test moves; `wanted`: the part of it that is used by others. */
class Scene {
  #active = 0;
  #idle = 0;
  #now = 0;
  wanted = 0;
  areEventsWaiting = true;
  readonly courtesy = new Courtesy(
    () => this.areEventsWaiting, () => ({ active: this.#active, idle: this.#idle }), () => this.#now);

  pass(ms: number, busy: number): void {
    this.#now += ms;
    this.#active += ms * busy;
    this.#idle += ms * (1 - busy);
  }

  /** For four seconds so many follow, each taking 256 records at a time; how many they got in the last two. */
  follow(followers = 1, bytes = 700): number {
    const turnAt = Array.from({ length: followers }, () => 0);
    const askAt = [...turnAt];
    const [half, end] = [this.#now + 2000, this.#now + 4000];
    let got = 0;
    while (this.#now < end) {
      let taken = 0;
      for (const index of turnAt.keys()) {
        if ((askAt[index] ?? 0) > this.#now) continue;
        const wait = this.courtesy.wait(turnAt[index] ?? 0);
        askAt[index] = this.#now + wait;
        if (wait > 0) continue;
        turnAt[index] = this.courtesy.took(256, 256 * bytes);
        taken += 256;
      }
      if (this.#now >= half) got += taken;
      const tookMs = taken * recordMs;
      const stepMs = Math.max(1, tookMs);
      this.pass(stepMs, Math.min(1, this.wanted + tookMs / stepMs));
    }
    return got / 2;
  }
}

describe('who follows', () => {
  test('waits for nobody while no events wait, however busy he keeps the event loop himself', () => {
    const scene = new Scene();
    scene.areEventsWaiting = false;
    expect(scene.follow(4)).toBeGreaterThan(400_000);
  });

  test('takes of the time that is left', () => {
    const scene = new Scene();
    scene.wanted = 0.5;
    expect(scene.follow()).toBeGreaterThan(50_000);
  });

  test('has a hundredth of it where there is none, and all of them together no more', () => {
    for (const followers of [1, 4, 50]) {
      const scene = new Scene();
      scene.wanted = 1;
      const got = scene.follow(followers);
      // 5,000 records of 2 us are that part of a second.
      expect([followers, got > 3_000, got < 6_000]).toEqual([followers, true, true]);
    }
  });

  test('has fewer large records than small ones', () => {
    const scene = new Scene();
    scene.wanted = 1;
    const got = scene.follow(1, 64 * 1024);
    expect(got).toBeGreaterThan(50);
    expect(got).toBeLessThan(200);
  });

  test('goes on at once when there is time again, and asks for it often', () => {
    const scene = new Scene();
    scene.wanted = 1;
    scene.follow();
    const turnAt = scene.courtesy.took(1_000_000, 0);
    expect(scene.courtesy.wait(turnAt)).toBe(100);
    scene.pass(100, 0.1);
    expect(scene.courtesy.wait(turnAt)).toBe(0);
  });

  test('is not held back for a moment that was busy', () => {
    const scene = new Scene();
    scene.pass(40, 1);
    expect(scene.courtesy.wait(scene.courtesy.took(256, 0))).toBe(0);
  });
});
