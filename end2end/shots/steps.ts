/** What is done on a page before its picture is taken. */

import type { Page } from '@playwright/test';
import { hydrated } from '../support/fixtures.ts';

/** The address of the first ticket that is found by these words. */
export const found = (query: string) => async (page: Page) => {
  await page.goto(`/search?q=${query}`);
  return (await page.locator('.ticket-row__subject').first().getAttribute('href')) ?? '/';
};
export const first = (list: string, link: string) => async (page: Page) => {
  await page.goto(list);
  return (await page.locator(link).first().getAttribute('href')) ?? '/';
};
export const press = (key: string) => async (page: Page) => {
  await page.locator('body').press(key);
  await page.locator('dialog[open]').waitFor();
};
export const note = async (page: Page) => {
  // At rest, a phone shows a lock in place of the tabs.
  const lock = page.getByRole('button', { name: 'Write an internal note' });
  if (await lock.isVisible()) await lock.click();
  else await page.getByRole('tab', { name: 'Note' }).click();
  await page.locator('.composer__text').fill('They are on site until six. **Bring the spare roll.**');
};

/** A file with a line that is refused, tried. */
export const tryImport = async (page: Page) => {
  const lines = ['Wer;Wohin;Telefon', 'Petra Muster;petra@files.example;+49 30 1234', 'Broken;no address;'];
  const file = { name: 'kunden.csv', mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) };
  await page.locator('#file').setInputFiles(file);
  await page.getByRole('button', { name: 'Upload and look' }).click();
  await page.getByRole('heading', { name: 'kunden.csv' }).waitFor();
  await hydrated(page);
  await page.getByLabel('What is in Wer').selectOption('Name');
  await page.getByLabel('What is in Wohin').selectOption('E-mail address');
  await page.getByRole('button', { name: 'Try without changing anything' }).click();
  await page.getByText('Would be made').waitFor();
  await hydrated(page);
};

/** An export of another system, tried. */
export const tryTickets = async (page: Page) => {
  const lines = [
    'Summation column,Id,Requester,Requester email,Submitter,Assignee,Subject,Status,Priority,Via,Created at,Solved at',
    '1,4711,Petra Muster,petra@files.example,x,Mia,The old printer is on fire,Solved,Urgent,Mail,2019-03-04 10:00,2019-03-05 08:00',
    '2,4712,Petra Muster,petra@files.example,x,Who Left,It burns again,Open,Low,Web,2019-04-04 10:00,',
    '3,4713,Petra Muster,petra@files.example,x,,The last one,Merged,Low,Web,2019-04-05 10:00,',
  ];
  const file = { name: 'zendesk.csv', mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) };
  await page.getByLabel('Tickets').check();
  await page.locator('#file').setInputFiles(file);
  await page.getByRole('button', { name: 'Upload and look' }).click();
  await page.getByRole('heading', { name: 'zendesk.csv' }).waitFor();
  await hydrated(page);
  await page.getByRole('button', { name: 'Try without changing anything' }).click();
  await page.getByText('Would be made').waitFor();
  await hydrated(page);
  await page.getByText('What is made of the columns').click();
};
