// Programs of the tests that run in processes of their own, as Node can run them.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const made = new Map<string, string>();

/** The path of `<name>.ts` beside the module `from`, compiled: there where `from` is compiled, too, else made, once. */
export function compiledBeside(from: string, name: string): string {
  const beside = fileURLToPath(new URL(`${name}.js`, from));
  if (existsSync(beside)) return beside;
  const source = fileURLToPath(new URL(`${name}.ts`, from));
  const known = made.get(source);
  if (known !== undefined) return known;
  const path = join(mkdtempSync(join(tmpdir(), 'ind-program-')), `${basename(name)}.mjs`);
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
  writeFileSync(path, ts.transpileModule(readFileSync(source, 'utf8'), { compilerOptions }).outputText);
  made.set(source, path);
  return path;
}
