import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MIA, signIn, test as base } from '../support/demo.ts';
import { expect } from '../support/fixtures.ts';
import { live } from '../support/tickets.ts';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** The host of a sender's pictures, and what it was asked for. */
type Elsewhere = { url: string; asked: IncomingMessage[] };

const test = base.extend<{ elsewhere: Elsewhere }>({
  elsewhere: async ({}, use) => {
    const asked: IncomingMessage[] = [];
    const host = createServer((request, response) => {
      asked.push(request);
      response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from(PIXEL, 'base64'));
    });
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    await use({ url: `http://127.0.0.1:${(host.address() as AddressInfo).port}`, asked });
    host.closeAllConnections();
    await new Promise((resolve) => host.close(resolve));
  },
});

/** A mail with a picture that it brings along, one that is elsewhere, and one that only reports. */
const mail = (elsewhere: string) => `From: Jana Weiß <jana@mail.example>
To: help@docket.example
Subject: Pictures of the spring catalogue
Message-ID: <catalogue@mail.example>
Date: Fri, 20 Nov 2026 09:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/related; boundary=b

--b
Content-Type: text/html; charset=utf-8

<p style="text-align:right">Here it is: <img src="cid:logo@mail.example" alt="Our logo"></p>
<p><img src="${elsewhere}/cover.png" alt="The cover" width="120" height="80" style="border:1px solid red"></p>
<img src="${elsewhere}/read.gif" width="1" height="1">
--b
Content-Type: image/png
Content-ID: <logo@mail.example>
Content-Disposition: inline; filename=logo.png
Content-Transfer-Encoding: base64

${PIXEL}
--b--
`;

test('a mail shows the pictures it brought along, and those that are elsewhere once they are asked for', async ({ page, server, elsewhere, allowErrors }) => {
  // Playwright tries to look into each frame for its traces.
  allowErrors(/Blocked script execution in 'about:srcdoc'/);
  const folder = await mkdtemp(path.join(tmpdir(), 'docket-mails-'));
  await writeFile(path.join(folder, 'catalogue.eml'), mail(elsewhere.url));
  await server.importMails(folder);
  await rm(folder, { recursive: true });

  await signIn(page, MIA);
  await page.goto('/search?q=catalogue');
  const link = page.getByRole('link', { name: 'Pictures of the spring catalogue' });
  await live(page, (await link.getAttribute('href')) ?? '');
  await expect(page.getByText('1 image from elsewhere is not shown.')).toBeVisible();
  // Nothing may run in the frame, not even what a test asks it: it is read from outside.
  const shown = () =>
    page.locator('iframe[title="Mail of Jana Weiß"]').evaluate((frame: HTMLIFrameElement) => {
      const inside = frame.contentDocument;
      const images = [...(inside?.images ?? [])].map(({ alt, naturalWidth }) => ({ alt, loaded: naturalWidth > 0 }));
      return { text: inside?.body.innerText.trim().replace(/\s+/g, ' '), images };
    });
  const images = [{ alt: 'Our logo', loaded: true }];
  await expect.poll(shown).toEqual({ text: 'Here it is: Remote image hidden: The cover', images });

  // Pages forbid style attributes; those of the mail are there all the same.
  const aligned = (frame: HTMLIFrameElement) => {
    const first = frame.contentDocument?.querySelector('p');
    return first && getComputedStyle(first).textAlign;
  };
  expect(await page.locator('iframe[title="Mail of Jana Weiß"]').evaluate(aligned)).toBe('right');

  // Our server asks nobody on loopback: here, the pictures that it would have fetched are handed out.
  const fetched: string[] = [];
  await page.route('**/files/remote/**', (route) => {
    fetched.push(new URL(route.request().url()).pathname);
    return route.fulfill({ contentType: 'image/png', body: Buffer.from(PIXEL, 'base64') });
  });
  const button = page.getByRole('button', { name: 'Show images' });
  await expect(button).toBeVisible();
  expect(fetched).toEqual([]);
  await button.press('Enter');
  const both = [...images, { alt: 'The cover', loaded: true }];
  await expect.poll(shown).toEqual({ text: 'Here it is:', images: both });
  expect(await page.locator('iframe[title="Mail of Jana Weiß"]').evaluate(aligned)).toBe('right');
  expect(fetched).toEqual([expect.stringMatching(/^\/files\/remote\/\d+\/0$/)]);
  await expect(page.getByText('1 image from elsewhere is shown.')).toBeVisible();
  // The button stays where it was, for who works by keyboard, and there is no step in the history to go back over.
  const back = page.getByRole('button', { name: 'Hide images' });
  await expect(back).toBeFocused();
  await back.press('Enter');
  await expect.poll(shown).toEqual({ text: 'Here it is: Remote image hidden: The cover', images });
  const ticket = new URL(page.url()).pathname;
  await page.goBack();
  expect(new URL(page.url()).pathname).not.toBe(ticket);
  // Without a script: another page, with the pictures of this message.
  const message = fetched[0]?.split('/')[3] ?? '';
  const html = await (await page.request.get(`${ticket}?images=${message}`)).text();
  expect(html).toMatch(/&lt;style nonce=&quot;[\w+/=-]{16,}&quot;&gt;\[data-style=/);
  expect(html).toContain(`/files/remote/${message}/0`);
  expect(await (await page.request.get(`${ticket}?images=1`)).text()).not.toContain('/files/remote/');
  expect(elsewhere.asked).toHaveLength(0);
});
