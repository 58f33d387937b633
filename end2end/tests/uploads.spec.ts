import { readFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';
import { MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';
import { customer, signUp } from '../support/people.ts';
import { conversation, live, newTicket, replyField } from '../support/tickets.ts';

type Sample = { name: string; mimeType: string; buffer: Buffer };

/** A picture of one red pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);

/** A second of silence, 8,000 samples of 8 bits. */
function silence(): Buffer {
  const samples = Buffer.alloc(8_000, 128);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

/** The smallest that is recognised as a video; there is nothing in it to play. */
const MP4 = Buffer.concat([
  Buffer.from([0, 0, 0, 24]),
  Buffer.from('ftypisom'),
  Buffer.from([0, 0, 2, 0]),
  Buffer.from('isomiso2'),
]);

const PDF = Buffer.from(
  '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n' +
    '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n',
);

const text = (name: string, content: string): Sample => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });

const composer = (page: Page): Locator => page.getByRole('form', { name: 'Write on this ticket' });

/** Drops files on an element, or pastes them there, as the browser does it. */
async function give(target: Locator, how: 'drop' | 'paste', files: Sample[]): Promise<void> {
  const plain = files.map(({ name, mimeType, buffer }) => ({ name, mimeType, bytes: [...buffer] }));
  await target.evaluate(
    (element, { how, plain }) => {
      const transfer = new DataTransfer();
      for (const { name, mimeType, bytes } of plain) {
        transfer.items.add(new File([new Uint8Array(bytes)], name, { type: mimeType }));
      }
      const shared = { bubbles: true, cancelable: true };
      element.dispatchEvent(
        how === 'drop'
          ? new DragEvent('drop', { ...shared, dataTransfer: transfer })
          : new ClipboardEvent('paste', { ...shared, clipboardData: transfer }),
      );
    },
    { how, plain },
  );
}

async function send(page: Page, words: string): Promise<void> {
  await replyField(page).fill(words);
  await page.keyboard.press('Control+Enter');
  await expect(conversation(page).getByText(words)).toBeVisible();
}

test('a pasted picture and dropped files go with the reply, and others see them at once', async ({ page, openPage }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  const other = await openPage();
  await signIn(other, MIA);
  await live(other, `/tickets/${id}`);
  await live(page, `/tickets/${id}`);
  await give(replyField(page), 'paste', [{ name: 'image.png', mimeType: 'image/png', buffer: PNG }]);
  await give(composer(page), 'drop', [text('gate1.log', 'one\n')]);
  // The conversation is a place to drop on, too.
  await give(conversation(page), 'drop', [text('Übersicht (2).txt', 'two\n')]);
  for (const name of ['image.png', 'gate1.log', 'Übersicht (2).txt']) {
    await expect(page.getByRole('button', { name: `Remove ${name}` })).toBeVisible();
  }
  await expect(page.getByRole('progressbar')).toHaveCount(0);
  await page.getByRole('button', { name: 'Remove gate1.log' }).click();
  await expect(composer(page).getByText('gate1.log')).toHaveCount(0);
  await expect(replyField(page)).toBeFocused();
  await expectAccessible(page);
  await send(page, 'The picture and the list.');

  const files = conversation(other).getByRole('list', { name: 'Files' });
  await expect(files.getByRole('link')).toHaveCount(2);
  const picture = files.getByRole('link', { name: /image\.png/ }).locator('img');
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
});

test('an upload says how far it is, and can be called off', async ({ page }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  await live(page, `/tickets/${id}`);
  // The answer is held back, so that the upload is under way for as long as it is looked at.
  let answer = () => {};
  await page.route('**/files?*', async (route) => {
    await new Promise<void>((go) => (answer = go));
    await route.continue();
  });
  await give(composer(page), 'drop', [text('slow.log', 'x'.repeat(100_000))]);
  const bar = page.getByRole('progressbar', { name: 'Upload of slow.log' });
  await expect(bar).toBeVisible();
  await expect(composer(page)).toContainText(/\d+ %/);
  // What is not there yet is not sent without it.
  await replyField(page).fill('Here it is.');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText('A file is still on its way')).toBeVisible();
  await expect(replyField(page)).toHaveValue('Here it is.');
  answer();
  await expect(bar).toHaveCount(0);
  await expect(composer(page)).toContainText('98 KB');

  await give(composer(page), 'drop', [text('wrong.log', 'no')]);
  await expect(page.getByRole('progressbar', { name: 'Upload of wrong.log' })).toBeVisible();
  await page.getByRole('button', { name: 'Remove wrong.log' }).click();
  answer();
  await expect(composer(page).getByText('wrong.log')).toHaveCount(0);
  await page.keyboard.press('Control+Enter');
  await expect(conversation(page).getByRole('link', { name: /slow\.log/ })).toBeVisible();
  await expect(conversation(page).getByRole('link', { name: /wrong\.log/ })).toHaveCount(0);
});

test('what is forbidden or too large is refused, and never stored', async ({ page, allowErrors }) => {
  allowErrors(/status of 415/);
  await signIn(page, MIA);
  const id = await newTicket(page);
  await live(page, `/tickets/${id}`);
  const stored: number[] = [];
  page.on('response', (response) => {
    if (response.url().includes('/files?')) stored.push(response.status());
  });
  await give(composer(page), 'drop', [
    { name: 'tool.exe', mimeType: 'application/octet-stream', buffer: Buffer.from('MZ\0\0') },
    // Its name lies.
    { name: 'holiday.png', mimeType: 'image/png', buffer: Buffer.from('<html><script>alert(1)</script>') },
  ]);
  await expect(page.getByText('“tool.exe” was not taken: files of this kind are not accepted')).toBeVisible();
  await expect(page.getByText('“holiday.png” was not taken: its content is not what its name says')).toBeVisible();
  expect(stored).toEqual([415, 415]);

  // Too large: not even sent.
  await composer(page).evaluate((element) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(10 * 1024 * 1024 + 1)], 'film.mp4', { type: 'video/mp4' }));
    element.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: transfer }));
  });
  await expect(composer(page).getByText('Larger than 10 MB')).toBeVisible();
  expect(stored).toEqual([415, 415]);
  for (const name of ['tool.exe', 'holiday.png', 'film.mp4']) {
    await page.getByRole('button', { name: `Remove ${name}` }).click();
  }
  await send(page, 'Nothing attached.');
  await expect(conversation(page).getByRole('list', { name: 'Files' })).toHaveCount(0);
});

test('files are looked at in place, and downloaded under their own names', async ({ page }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  await live(page, `/tickets/${id}`);
  const samples: Sample[] = [
    { name: 'Foto „Tor 3“.png', mimeType: 'image/png', buffer: PNG },
    { name: 'invoice.pdf', mimeType: 'application/pdf', buffer: PDF },
    text('gate3.log', '08:12 paper jam\n'),
    { name: 'voicemail.wav', mimeType: 'audio/wav', buffer: silence() },
    { name: 'belt.mp4', mimeType: 'video/mp4', buffer: MP4 },
  ];
  await give(composer(page), 'drop', samples);
  await expect(composer(page).getByRole('button', { name: /^Remove/ })).toHaveCount(samples.length);
  await expect(page.getByRole('progressbar')).toHaveCount(0);
  await expect(composer(page).getByRole('alert')).toHaveCount(0);
  await send(page, 'Everything we have.');

  const open = async (name: string) => {
    await conversation(page).getByRole('link', { name: new RegExp(name.replace('.', '\\.')) }).click();
    const dialog = page.getByRole('dialog', { name });
    await expect(dialog).toBeVisible();
    return dialog;
  };
  const close = async (dialog: Locator) => {
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
  };

  let dialog = await open('Foto „Tor 3“.png');
  const image = dialog.getByRole('img', { name: 'Foto „Tor 3“.png' });
  await expect.poll(() => image.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
  await expectAccessible(page);
  const started = page.waitForEvent('download');
  await dialog.getByRole('link', { name: /^Download/ }).click();
  const download = await started;
  expect(download.suggestedFilename()).toBe('Foto „Tor 3“.png');
  expect(await readFile(await download.path())).toEqual(PNG);
  await close(dialog);

  dialog = await open('gate3.log');
  await expect(dialog.frameLocator('iframe').getByText('08:12 paper jam')).toBeVisible();
  await close(dialog);

  dialog = await open('voicemail.wav');
  const sound = dialog.locator('audio');
  await expect.poll(() => sound.evaluate((sound: HTMLAudioElement) => sound.duration)).toBe(1);
  await close(dialog);

  dialog = await open('belt.mp4');
  const video = await page.request.get((await dialog.locator('video').getAttribute('src')) ?? '', { headers: { range: 'bytes=4-11' } });
  expect(video.status()).toBe(206);
  expect(video.headers()['content-type']).toBe('video/mp4');
  expect(await video.text()).toBe('ftypisom');
  await close(dialog);

  // Whether a browser can show PDF differs; that it is handed one to be shown does not.
  const address = await conversation(page).getByRole('link', { name: /invoice\.pdf/ }).getAttribute('href');
  const pdf = await page.request.get(`${address}?inline`);
  expect(pdf.headers()['content-type']).toBe('application/pdf');
  expect(pdf.headers()['content-disposition']).toContain('inline; filename="invoice.pdf"');
  const saved = await page.request.get(address ?? '');
  expect(saved.headers()['content-disposition']).toContain('attachment; filename="invoice.pdf"');
});

test('a file is for those who see its ticket', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of 404/);
  await signUp(page, customer());
  await page.goto('/portal/new');
  await hydrated(page);
  await page.getByLabel('What is it about?').fill('My contract');
  await page.getByLabel('What happened?').fill('Please look.');
  await page.getByLabel('Add files').setInputFiles([text('contract.txt', 'secret terms\n')]);
  await page.getByRole('button', { name: 'Send' }).click();
  const link = page.getByRole('link', { name: /contract\.txt/ });
  await expect(link).toBeVisible();
  const address = (await link.getAttribute('href')) ?? '';
  expect(await (await page.request.get(address)).text()).toBe('secret terms\n');

  const stranger = await openPage();
  await signUp(stranger, customer('Otto Braun'));
  const visitor = await openPage();
  for (const other of [stranger, visitor]) {
    for (const form of [address, `${address}?inline`]) {
      const answer = await other.request.get(form);
      expect(answer.status()).toBeGreaterThanOrEqual(401);
      expect(answer.status()).toBeLessThanOrEqual(404);
      expect(await answer.text()).not.toContain('secret');
      expect(await answer.text()).not.toContain('contract');
    }
  }
  expect((await stranger.request.get(address)).status()).toBe(404);
});
