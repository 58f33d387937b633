import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Mailbox } from './mailbox.ts';

/** How much of the log is kept to explain a failed start. */
const LOG_LINES = 50;

/** By the address of the server that sends to it. */
const mailboxes = new Map<string, Mailbox>();

/** Where the mails of the server go that a page is of. */
export function mailboxOf(address: string): Mailbox {
  const mailbox = mailboxes.get(new URL(address).origin);
  if (!mailbox) throw new Error(`no server that was started here is at ${address}`);
  return mailbox;
}

/** A server of Docket with a data folder of its own, and so with its own database unless it is given another. */
export class Server {
  private constructor(
    /** Where it listens, without a slash at the end. */
    readonly url: string,
    private process: ChildProcess,
    private readonly data: string,
    private readonly env: NodeJS.ProcessEnv,
    /** The mails that it sends. */
    readonly mailbox: Mailbox,
  ) {}

  /**
   * Starts a server and waits until it listens. With `demo`, so many tickets of the demo are in it, and its people;
   * `arguments_` are more of its flags.
   */
  static async start(settings: Record<string, string> = {}, demo = 0, ...arguments_: string[]): Promise<Server> {
    const data = await mkdtemp(path.join(tmpdir(), 'docket-test-'));
    // Run by root, the private PostgreSQL belongs to another user, who must be able to pass through.
    await chmod(data, 0o755);
    // Settings of the person who runs the tests must not reach the server.
    const inherited = Object.entries(process.env).filter(([name]) => name !== 'DATABASE_URL' && !name.startsWith('DOCKET_'));
    const mailbox = await Mailbox.start();
    const env: NodeJS.ProcessEnv = {
      ...Object.fromEntries(inherited),
      DOCKET_LISTEN: '127.0.0.1:0',
      DOCKET_DATA: data,
      DOCKET_LOG_FORMAT: 'json',
      DOCKET_SHUTDOWN_SECONDS: '0',
      DOCKET_SMTP_URL: mailbox.url,
      ...settings,
    };
    if (demo > 0) await promisify(execFile)(binary(), ['demo', '--tickets', String(demo), ...arguments_], { env });
    const child = serve(env);
    const address = await listening(child);
    // With a certificate it is known by its name, and may still be waiting for one.
    const secure = env.DOCKET_ACME ?? env.DOCKET_TLS_CERTIFICATE;
    const url = secure ? `https://localhost:${new URL(address).port}` : address;
    mailboxes.set(url, mailbox);
    return new Server(url, child, data, env, mailbox);
  }

  /** Stops the server and removes its data. */
  async stop(): Promise<void> {
    // Killed, it has left its PostgreSQL behind: the next start takes that over and stops it in order.
    if (!this.runs()) await this.startAgain();
    await this.end('SIGTERM');
    this.mailbox.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  /** Ends the server as a crash does. Its PostgreSQL goes on. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Starts the server again after `kill`, at the address that it had. */
  async startAgain(): Promise<void> {
    this.process = serve({ ...this.env, DOCKET_LISTEN: `127.0.0.1:${new URL(this.url).port}` });
    await listening(this.process);
  }

  /** Has it look at its certificate, as an administrator does. */
  look(): void {
    this.process.kill('SIGHUP');
  }

  /** The address of its private PostgreSQL, for another server. */
  async database(): Promise<string> {
    const [, , , port, folder] = await this.postmaster();
    return `postgres://docket@localhost:${port}/docket?host=${encodeURIComponent(folder ?? '')}&sslmode=disable`;
  }

  /** Runs a statement on its private PostgreSQL: for more than one could do by hand. */
  async sql(statement: string): Promise<void> {
    const [pid] = await this.postmaster();
    // The psql beside the PostgreSQL that runs; where a system does not tell which one that is, the one on the path.
    const psql = await readlink(`/proc/${pid}/exe`).then((exe) => path.join(path.dirname(exe), 'psql'), () => 'psql');
    await promisify(execFile)(psql, ['--no-psqlrc', '--quiet', '--set', 'ON_ERROR_STOP=1', '--command', statement, await this.database()]);
  }

  /** Stops its private PostgreSQL as an administrator does: sessions are cut off. The server starts it again. */
  async stopDatabase(): Promise<void> {
    const [pid] = await this.postmaster();
    process.kill(Number(pid), 'SIGINT');
  }

  /** Takes in a folder of mails, beside the running server. */
  async importMails(folder: string): Promise<void> {
    const env = { ...this.env, DATABASE_URL: await this.database() };
    await promisify(execFile)(binary(), ['import-mail', folder], { env });
  }

  /** The lines of the file that a running PostgreSQL keeps: its process, its folder, its start, its port, its socket. */
  private async postmaster(): Promise<string[]> {
    return (await readFile(path.join(this.data, 'postgres/pgdata/postmaster.pid'), 'utf8')).split('\n');
  }

  private runs(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.runs()) return;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill(signal);
    await ended;
  }
}

function serve(env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(binary(), ['serve'], { stdio: ['ignore', 'ignore', 'pipe'], env });
}

/** The program to test: the one that is named, else what `cargo xtask build` has built last for development. */
function binary(): string {
  const built = path.resolve(import.meta.dirname, '../../target/xtask/debug/docket');
  const chosen = process.env.DOCKET_TEST_BINARY ?? built;
  if (!existsSync(chosen)) throw new Error(`${chosen} is not there; build it with: cargo xtask build`);
  return chosen;
}

/** Reads the log until the server says where it listens. The port is chosen by the system. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const seen: string[] = [];
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${seen.join('\n')}`)));
    if (!child.stderr) return reject(new Error('the server has no log'));
    createInterface(child.stderr).on('line', (line) => {
      seen.push(line);
      if (seen.length > LOG_LINES) seen.shift();
      const address = addressIn(line);
      if (address) resolve(`http://${address}`);
    });
  });
}

function addressIn(line: string): string | undefined {
  try {
    return JSON.parse(line)?.fields?.address;
  } catch {
    // A panic is not written as JSON.
    return undefined;
  }
}
