import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

type Mail = { to: string; text: string; html: string };

/** A mail server on loopback that keeps what it is sent, as much of RFC 5321 as a client needs. */
export class Mailbox {
  private readonly mails: Mail[] = [];
  private readonly news = new EventEmitter();

  private constructor(
    private readonly server: Server,
    /** Its address, as a setting. */
    readonly url: string,
  ) {
    this.news.setMaxListeners(0);
  }

  static async start(): Promise<Mailbox> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const mailbox = new Mailbox(server, `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connection', (socket) => mailbox.serve(socket));
    return mailbox;
  }

  stop(): void {
    this.server.close();
  }

  /** The address of a link in the next mail to somebody that has one to this page. Waits for it; it is given out once. */
  async link(to: string, page: string): Promise<string> {
    for (;;) {
      for (const [at, mail] of this.mails.entries()) {
        const link = mail.text.match(/https?:\/\/\S+/g)?.find((word) => word.includes(page));
        if (mail.to === to && link) {
          this.mails.splice(at, 1);
          return new URL(link).pathname;
        }
      }
      await once(this.news, 'mail');
    }
  }

  /** Waits for a mail to somebody with these words in its head or its text. */
  async mail(to: string, words: string): Promise<string> {
    for (;;) {
      const found = this.mails.find((mail) => mail.to === to && mail.text.includes(words));
      if (found) return found.text;
      await once(this.news, 'mail');
    }
  }

  /** The HTML of the mail to somebody that has these words in its head or its text. Waits for it. */
  async html(to: string, words: string): Promise<string> {
    const text = await this.mail(to, words);
    return this.mails.find((mail) => mail.text === text)?.html ?? '';
  }

  private serve(socket: Socket): void {
    let to = '';
    let rest = '';
    let content: string[] | undefined;
    const take = (line: string) => {
      if (content) {
        if (line !== '.') return void content.push(line.replace(/^\./, ''));
        // Long lines are broken with a sign at their end; everything before the HTML is read.
        const [text = '', rest = ''] = content.join('\n').replaceAll('=\n', '').split('Content-Type: text/html');
        this.mails.push({ to, text, html: unquoted(rest) });
        this.news.emit('mail');
        content = undefined;
        return void socket.write('250 taken\r\n');
      }
      if (/^rcpt to:/i.test(line)) to = /<(.*?)>/.exec(line)?.[1] ?? '';
      if (/^data$/i.test(line)) content = [];
      socket.write(content ? '354 go on\r\n' : /^quit$/i.test(line) ? '221 bye\r\n' : '250 ok\r\n');
    };
    socket.write('220 mail.acme.example\r\n');
    // A client that goes away in the middle is its own affair.
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      const lines = (rest + bytes.toString('latin1')).split('\r\n');
      rest = lines.pop() ?? '';
      lines.forEach(take);
    });
  }
}

/** A part of a mail as it was written: what follows its head, up to the border (RFC 2045, 6.7). */
function unquoted(part: string): string {
  const [body = ''] = part.slice(part.indexOf('\n\n') + 2).split('\n--');
  const bytes = body.replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
