import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const LIBRARIES = '/usr/lib';

/** Debian's `faketime`, which gives a program another time of day. */
function library(): string {
  const found = readdirSync(LIBRARIES)
    .map((folder) => join(LIBRARIES, folder, 'faketime/libfaketime.so.1'))
    .find((path) => existsSync(path));
  if (!found) throw new Error('the package faketime is missing, without which the time of the program cannot be moved');
  return found;
}

/** The time of day of a program, which can be behind that of the machine. */
export class Clock {
  constructor(private readonly file: string) {
    mkdirSync(dirname(file), { recursive: true });
    this.behindBy(0);
  }

  behindBy(seconds: number): void {
    writeFileSync(this.file, seconds === 0 ? '+0\n' : `-${seconds}\n`);
  }

  /** What the program has to be started with. Timers go by the time of the machine. */
  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: library(),
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_RESET: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }
}
