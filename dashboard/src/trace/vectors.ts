/** Reads the kit's vectors for the tests: kit/testdata/vectors, one case a file. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../kit/testdata/vectors/', import.meta.url));

export interface Vector {
  name: string;
  comment: string;
  [member: string]: unknown;
}

/** All cases of a folder whose name fits; throws where there are none, for then nothing is tested. */
export function vectors(folder: string, name = /./): Vector[] {
  const names = readdirSync(ROOT + folder).filter((file) => file.endsWith('.json') && name.test(file));
  if (names.length === 0) throw new Error(`no vectors ${String(name)} in ${folder}`);
  return names.sort().map((file) => ({
    ...(JSON.parse(readFileSync(`${ROOT}${folder}/${file}`, 'utf8')) as Vector),
    name: file,
  }));
}
