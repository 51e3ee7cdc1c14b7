import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** The program under test. */
const TEMPS = process.env.TEMPS_BIN ?? resolve(import.meta.dirname, '../../target/debug/temps');
/** A program that is not up or not gone by then never will be. */
const PATIENCE = 30_000;

interface Ports {
  http: number;
  https: number;
}

/** A running Temps on a data directory of its own, as `make run` starts it. */
export class Program {
  /** What it said on its standard output since the last start. */
  printed = '';
  /** What it logged, over all starts. */
  log = '';
  private child?: ChildProcess;
  private ports: Ports = { http: 0, https: 0 };
  private ca: string[] = [];

  private constructor(
    private readonly folder: string,
    private readonly options: readonly string[],
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** Starts Temps on an empty data directory. */
  static async start(options: readonly string[] = [], environment: Readonly<Record<string, string>> = {}): Promise<Program> {
    const program = new Program(await mkdtemp(join(tmpdir(), 'temps-e2e-')), options, environment);
    await program.start();
    return program;
  }

  /** Starts it, after a stop on the same data directory and the same ports. */
  async start(): Promise<void> {
    const address = (port: number) => `127.0.0.1:${port}`;
    const child = spawn(
      TEMPS,
      [
        'serve',
        ...['--data-dir', this.dataDir],
        ...['--http-addr', address(this.ports.http)],
        ...['--https-addr', address(this.ports.https)],
        ...['--upstream-networks', '127.0.0.0/8,::1/128'],
        ...['--drain-timeout', '1s'],
        ...this.options,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: this.surroundings },
    );
    this.child = child;
    // Whoever ends the tests in the middle of one leaves no program behind.
    const goToo = () => child.kill('SIGKILL');
    process.once('exit', goToo);
    child.once('exit', () => process.off('exit', goToo));
    this.printed = '';
    const since = this.log.length;
    child.stdout.on('data', (chunk: Buffer) => (this.printed += chunk));
    child.stderr.on('data', (chunk: Buffer) => (this.log += chunk));
    const serving = /temps is serving http=\S+:(\d+) https=\S+:(\d+)/;
    const [, http, https] = await this.said(() => serving.exec(this.log.slice(since)), 'that it is serving');
    this.ports = { http: Number(http), https: Number(https) };
    const authorities = ['ca.pem', 'ca-fallback.pem'].map((name) => readFile(join(this.dataDir, name), 'utf8'));
    this.ca = await Promise.all(authorities);
  }

  /** Asks it to stop and waits until it has. */
  async stop(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const impatient = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    await ended;
    clearTimeout(impatient);
  }

  /** Stops it and removes all that it kept. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs a command of the same program on the same data directory and gives back what it prints. */
  async run(...command: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(TEMPS, [...command, '--data-dir', this.dataDir], { env: this.surroundings });
    return stdout;
  }

  private get surroundings(): Record<string, string | undefined> {
    return { PATH: process.env.PATH, HOME: this.folder, ...this.environment };
  }

  get dataDir(): string {
    return join(this.folder, 'data');
  }

  get httpsPort(): number {
    return this.ports.https;
  }

  /** The authorities that its certificates come from, as PEM: that of names under localhost and that of all others. */
  get authorities(): string[] {
    return this.ca;
  }

  /** Where the dashboard and the API are. */
  get url(): string {
    return this.at('temps');
  }

  /** The same without TLS, which is for names under localhost only. */
  get plainUrl(): string {
    return `http://temps.localhost:${this.ports.http}`;
  }

  /** The address of a host under localhost, such as that of the project `shop`. */
  at(name: string): string {
    return `https://${name}.localhost:${this.ports.https}`;
  }

  /** Whether an address is one of the console or of a site of this program. */
  serves(address: string): boolean {
    const url = new URL(address);
    const port = { 'http:': this.ports.http, 'https:': this.ports.https }[url.protocol];
    return Number(url.port) === port && url.hostname.endsWith('.localhost');
  }

  /** The link that a newcomer is told to open. */
  async setupLink(): Promise<string> {
    const link = /https?:\/\/\S+\/setup#token=\S+/;
    return (await this.said(() => link.exec(this.printed), 'where to set it up'))[0];
  }

  async setupToken(): Promise<string> {
    return (await readFile(join(this.dataDir, 'setup-token'), 'utf8')).trim();
  }

  /** Waits until the program has said something. */
  private said<T>(find: () => T | null, what: string): Promise<T> {
    const child = this.child;
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        clearTimeout(impatient);
        child?.stdout?.off('data', look);
        child?.stderr?.off('data', look);
        child?.off('close', ended).off('error', ended);
        end();
      };
      const fail = (why: string) =>
        settle(() => reject(new Error(`the program did not say ${what}: ${why}\n${this.printed}\n${this.log}`)));
      const look = () => {
        const found = find();
        if (found !== null) settle(() => resolve(found));
      };
      const ended = (how: unknown) => fail(how instanceof Error ? how.message : `it ended with ${how}`);
      const impatient = setTimeout(() => fail('it took too long'), PATIENCE);
      child?.stdout?.on('data', look);
      child?.stderr?.on('data', look);
      child?.on('close', ended).on('error', ended);
      look();
    });
  }
}
