// Programs in C that tests need, compiled where a test may have them.
import { spawnSync } from 'node:child_process';

/** Compiles `source` to `target`; `words` go in front, libraries behind. @throws where there is no compiler, or it complains */
export function compile(source: URL, target: string, words: readonly string[] = [], libraries: readonly string[] = []): void {
  const strict = ['-O2', '-Wall', '-Wextra', '-Werror'];
  const { error, status, stderr } = spawnSync('cc', [...words, ...strict, '-o', target, source.pathname, ...libraries], { encoding: 'utf8' });
  if (error !== undefined) throw new Error('there is no C compiler: apt-get install gcc libc6-dev', { cause: error });
  if (status !== 0) throw new Error(`${source.pathname} was not compiled: ${stderr}`);
}

/** The fault suite's shim, which stands between a daemon and the C library. */
export function compileShim(target: string): void {
  compile(new URL('fault/shim.c', import.meta.url), target, ['-shared', '-fPIC'], ['-ldl']);
}
