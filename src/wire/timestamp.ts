// MessagePack's timestamp extension (type -1) as RFC 3339 text. Invariant: every nanosecond that was sent is in the
// text, and a moment that RFC 3339 cannot write is refused.

/** The extension type of a timestamp, as the byte it travels in. */
export const timestampType = 0xff;

const secondsOfYear0 = -62_167_219_200;
const secondsOfYear10000 = 253_402_300_800;

/**
 * The text of a timestamp body of 4, 8 or 12 bytes at `at`, in UTC with 0, 3 or 9 fraction digits; undefined for
 * another length, nanoseconds of a second or more, or a year outside 0000..9999.
 */
export function timestampText(bytes: Buffer, at: number, length: number): string | undefined {
  let seconds: number;
  let nanoseconds = 0;
  switch (length) {
    case 4:
      seconds = bytes.readUInt32BE(at);
      break;
    case 8: {
      const high = bytes.readUInt32BE(at);
      nanoseconds = high >>> 2;
      seconds = (high & 3) * 2 ** 32 + bytes.readUInt32BE(at + 4);
      break;
    }
    case 12:
      nanoseconds = bytes.readUInt32BE(at);
      seconds = bytes.readInt32BE(at + 4) * 2 ** 32 + bytes.readUInt32BE(at + 8);
      break;
    default:
      return undefined;
  }
  if (nanoseconds > 999_999_999 || seconds < secondsOfYear0 || seconds >= secondsOfYear10000) return undefined;
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  if (nanoseconds === 0) return `${whole}Z`;
  const digits = nanoseconds.toString().padStart(9, '0');
  return `${whole}.${nanoseconds % 1_000_000 === 0 ? digits.slice(0, 3) : digits}Z`;
}
