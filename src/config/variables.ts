// The names of the daemon's variables. Apart from what reads them: most commands only look whether one is mistyped.

/** Every variable there is. */
export const variableNames: ReadonlySet<string> = new Set([
  'STATE_DIR', 'SOCKET', 'SOCKET_MODE', 'LISTENERS', 'ORIGIN', 'SYNC', 'HEAD_SYNC', 'SEGMENT_BYTES', 'SEGMENT_MS', 'SEAL_MS',
  'HEARTBEAT_MS', 'RETAIN_BYTES', 'RETAIN_MS', 'RECENT', 'MAX_FRAME_BYTES', 'MAX_EVENT_BYTES', 'MAX_EVENTS', 'MAX_CLIENTS',
  'QUEUE_BYTES', 'RATE', 'DISK_LOW_BYTES', 'READERS', 'REDACT', 'MIRROR', 'LOG_LEVEL', 'UNKNOWN_KINDS',
].map((name) => `INDELIBLE_${name}`));

/** What is wrong with names that look like variables of ours and are none: a mistyped one would be as good as unset. */
export function unknownVariables(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(environment)
    .filter(([name, value]) => name.startsWith('INDELIBLE_') && value !== '' && !variableNames.has(name))
    .map(([name]) => `"${name}" is not a variable of indelible`);
}
