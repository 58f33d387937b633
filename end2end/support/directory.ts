import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** As whom Docket looks people up there, and below which entry they are. */
export const READER = { dn: 'cn=docket,dc=acme,dc=example', password: 'looks people up' };
export const BASE = 'dc=acme,dc=example';

/** Somebody in a directory. */
export type Entry = { uid: string; name: string; email: string; password: string };

/** Where `cargo xtask test` has put OpenLDAP. */
function openldap(): string {
  const folder = process.env.DOCKET_TEST_OPENLDAP ?? path.resolve(import.meta.dirname, '../../target/openldap');
  if (!existsSync(path.join(folder, 'slapd'))) throw new Error(`no OpenLDAP in ${folder}; run: cargo xtask test`);
  return folder;
}

/** A port that is free at the moment. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (!address || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });
}

function content(people: Entry[]): string {
  const entries = people.map(
    ({ uid, name, email, password }) =>
      `dn: uid=${uid},${BASE}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${name}\nsn: ${name}\nmail: ${email}\nuserPassword: ${password}\n`,
  );
  return [
    `dn: ${BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Acme\ndc: acme\n`,
    `dn: ${READER.dn}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: docket\nuserPassword: ${READER.password}\n`,
    ...entries,
  ].join('\n');
}

/** A real directory on loopback: OpenLDAP, with these people in it. */
export class Directory {
  private constructor(
    /** Its address, as it is entered. */
    readonly address: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  static async start(people: Entry[]): Promise<Directory> {
    const program = openldap();
    const folder = await mkdtemp(path.join(tmpdir(), 'docket-directory-'));
    mkdirSync(path.join(folder, 'data'));
    const module = path.join(program, 'modules/back_mdb.so');
    const settings = [
      ...['core', 'cosine', 'inetorgperson'].map((name) => `include ${program}/schema/${name}.schema`),
      ...(existsSync(module) ? [`modulepath ${program}/modules`, 'moduleload back_mdb'] : []),
      'database mdb',
      `suffix ${BASE}`,
      `directory ${folder}/data`,
      'maxsize 16777216',
      'access to attrs=userPassword by anonymous auth by * none',
      `access to * by dn.exact=${READER.dn} read by * none`,
    ];
    const config = path.join(folder, 'slapd.conf');
    writeFileSync(config, `${settings.join('\n')}\n`);
    writeFileSync(path.join(folder, 'content.ldif'), content(people));
    const slapd = path.join(program, 'slapd');
    execFileSync(slapd, ['-T', 'add', '-f', config, '-l', path.join(folder, 'content.ldif')], { stdio: 'pipe' });
    const port = await freePort();
    const address = `ldap://127.0.0.1:${port}`;
    const child = spawn(slapd, ['-d', '0', '-f', config, '-h', address], { stdio: 'ignore' });
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`the directory ended with ${child.exitCode}`);
    }
    return new Directory(address, child, folder);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGKILL');
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
