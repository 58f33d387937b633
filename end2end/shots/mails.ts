import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const HTML = `<html><body style="font-family:Georgia,serif;color:#333">
<table width="100%" bgcolor="#f2f2f2" cellpadding="12"><tr><td>
<h2 style="color:#0a5">Wochenbericht der Niederlassung Garmisch-Partenkirchen</h2>
<p>Hallo zusammen,</p>
<p>die <b>Donaudampfschifffahrtsgesellschaftskapitänsmützenabrechnung</b> stimmt seit Montag nicht mehr:</p>
<table border="1" cellspacing="0" cellpadding="4"><tr><th>Woche</th><th>Soll</th><th>Ist</th></tr>
<tr><td>45</td><td>1.204,00&nbsp;€</td><td>1.204,00&nbsp;€</td></tr><tr><td>46</td><td>1.310,50&nbsp;€</td><td>0,00&nbsp;€</td></tr></table>
<p><img src="https://tracker.mail.example/logo.png" width="120" height="40" alt="Logo"> <a href="https://mail.example/report">Der ganze Bericht</a></p>
</td></tr></table></body></html>`;

const LONG = 'Betreff: Rechtsschutzversicherungsgesellschaften melden Grundstücksverkehrsgenehmigungszuständigkeitsübertragung ohne Ende';

function mail(id: string, subject: string, type: string, body: string): string {
  const head = [
    `Message-ID: <${id}@mail.example>`,
    'From: Maximilian-Alexander Freiherr von Hohenstein-Wolfenbüttel <maximilian@mail.example>',
    'To: help@docket.example',
    `Subject: ${subject}`,
    `Date: ${new Date().toUTCString()}`,
    'MIME-Version: 1.0',
    `Content-Type: ${type}`,
    'Content-Transfer-Encoding: 8bit',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

function part(type: string, name: string, base64: string): string {
  return `--part\r\nContent-Type: ${type}; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64}\r\n`;
}

/** Writes a folder of mails that Docket is hard put to show well, and some that it cannot read at all. */
export async function folderOfMails(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'docket-mails-'));
  const log = Buffer.from('08:12 paper jam\n').toString('base64');
  const files = [
    `--part\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDie Dateien liegen bei.\r\n`,
    part('image/png', 'Foto vom Drucker im zweiten Obergeschoss links neben der Teeküche.png', PIXEL),
    part('text/plain', 'gate3.log', log),
    part('application/pdf', 'Rechnung 2026-1042.pdf', Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64')),
    '--part--\r\n',
  ].join('');
  const mails = {
    'html.eml': mail('html', 'Wochenbericht', 'text/html; charset=utf-8', HTML),
    'files.eml': mail('files', 'Dateien zum Drucker', 'multipart/mixed; boundary=part', files),
    'long.eml': mail('long', LONG, 'text/plain; charset=utf-8', `${'Lange Wörter '.repeat(300)}\r\n${LONG.replaceAll(' ', '')}`),
    'empty.eml': '',
    'noise.eml': 'this is\0 not a mail at all',
  };
  for (const [name, text] of Object.entries(mails)) await writeFile(path.join(folder, name), text);
  return folder;
}
