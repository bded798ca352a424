// kill -9 at moments nobody chose, under load, again and again on one log: what was acknowledged is there, once.
import { describe, expect, test } from 'vitest';
import { ClientError, connect } from '../../src/client/client.js';
import type { Receipt } from '../../src/client/client.js';
import { randomFrom } from '../log/memory-disk.js';
import { Daemon, recordsIn, temporaryDirectory, verified } from '../daemon.js';

const killsPerMode = 8;
const clients = 3;

interface Mode {
  readonly sync: 'line' | 'group';
  readonly headSync: 'second' | 'always';
}

/** Appends one after the other until the daemon is gone; gives what was acknowledged, by id. */
async function load(daemon: Daemon, prefix: string, acknowledged: Map<string, Receipt>, onAck: () => void): Promise<void> {
  const client = await connect({ socket: daemon.socket, timeoutMs: 600_000 });
  const appends: Promise<void>[] = [];
  const one = async (n: number): Promise<void> => {
    const id = `${prefix}.${n}`;
    try {
      const receipt = await client.append({ action: id, detail: 'x'.repeat((n * 37) % 700) }, { id });
      acknowledged.set(id, receipt);
      onAck();
      await one(n + 10);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
    }
  };
  for (let n = 0; n < 10; n += 1) appends.push(one(n));
  await daemon.ended;
  await client.close({ timeoutMs: 0 });
  await Promise.all(appends);
}

const modes: readonly Mode[] = [
  { sync: 'line', headSync: 'second' }, { sync: 'group', headSync: 'second' },
  { sync: 'line', headSync: 'always' }, { sync: 'group', headSync: 'always' },
];

describe.each(modes)('$sync mode, head synced: $headSync', ({ sync, headSync }) => {
  test(`acknowledged events survive ${killsPerMode} kills, each exactly once`, async () => {
    const random = randomFrom(modes.findIndex((mode) => mode.sync === sync && mode.headSync === headSync) + 1);
    const state = temporaryDirectory();
    const acknowledged = new Map<string, Receipt>();
    const env = { INDELIBLE_SYNC: sync, INDELIBLE_HEAD_SYNC: headSync, INDELIBLE_SEGMENT_BYTES: '65536', INDELIBLE_SEAL_MS: '50' };
    let daemon: Daemon | undefined;
    try {
      for (let round = 0; round < killsPerMode; round += 1) {
        daemon = await Daemon.start({ state, env });
        const victim = daemon;
        // Counted in acknowledgements, so that a slow machine is killed in the same places as a fast one.
        let left = 1 + Math.floor(random() * 200);
        const killNow = (): void => {
          left -= 1;
          if (left === 0) victim.process.kill('SIGKILL');
        };
        await Promise.all(Array.from({ length: clients }, (_, client) => load(victim, `r${round}c${client}`, acknowledged, killNow)));
        expect((await victim.ended).signal).toBe('SIGKILL');
        // As the kill left it, and before any start mends it.
        expect(verified(state)).toMatchObject({ exit: 0, findings: [] });
      }
      daemon = await Daemon.start({ state, env });
      // What was not acknowledged may be sent again; what was is known.
      const client = await connect({ socket: daemon.socket });
      const [id, receipt] = [...acknowledged].at(-1) ?? [];
      if (id === undefined || receipt === undefined) throw new Error('nothing was acknowledged');
      await client.append({ action: id }, { id });
      await client.close();
      expect(await daemon.stop()).toMatchObject({ code: 0 });

      const records = recordsIn(state);
      expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1));
      const times = new Map<string, number>();
      for (const { id: known } of records) if (known !== undefined) times.set(known, (times.get(known) ?? 0) + 1);
      expect([...acknowledged.keys()].filter((known) => times.get(known) !== 1)).toEqual([]);
      expect([...times].filter(([, count]) => count !== 1)).toEqual([]);
      expect(acknowledged.size).toBeGreaterThanOrEqual(killsPerMode);
      expect(records.filter(({ kind }) => kind === 'recovered')).toHaveLength(killsPerMode);
      expect(verified(state)).toMatchObject({ exit: 0, findings: [] });
    } finally {
      await daemon?.clear();
    }
  });
});
