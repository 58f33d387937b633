import type { Page } from '@playwright/test';
import { JANA, MIA, signIn, test } from '../support/demo.ts';
import { expect, hydrated } from '../support/fixtures.ts';
import { newTicket } from '../support/tickets.ts';

const WORD = 'Donaudampfschifffahrtsgesellschaftskapitän'.repeat(5);
const FILES = [`sehr langer Name ${'ä'.repeat(70)}.txt`, `${'x'.repeat(120)}.txt`].map((name) => ({
  name,
  mimeType: 'text/plain',
  buffer: Buffer.from('a\n'),
}));

/** Fails if anything stands beyond the right edge of the page, or under its neighbour, at any of the usual widths. */
async function expectWithin(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await hydrated(page);
  for (const width of [1440, 768, 390]) {
    await page.setViewportSize({ width, height: 844 });
    const beyond = await page.evaluate(() => {
      const clips = (element: Element) => getComputedStyle(element).overflowX !== 'visible';
      const scrolls = (element: Element) => element.matches('[class*=chips], .board__scroll, .table-wrap');
      const over: string[] = [];
      for (const element of document.querySelectorAll('main, main *:not(svg *)')) {
        const { right, width } = element.getBoundingClientRect();
        // Where there is no room for the properties, they wait beside the page.
        if (width < 2 || (innerWidth < 1440 && element.closest('.props'))) continue;
        let edge = innerWidth;
        for (let around = element.parentElement; around; around = around.parentElement) {
          if (scrolls(around) || getComputedStyle(around).textOverflow === 'ellipsis') {
            edge = Infinity;
            break;
          }
          if (clips(around)) edge = Math.min(edge, around.getBoundingClientRect().right);
        }
        if (right > edge + 1) over.push(`${element.outerHTML.slice(0, 120)} ends at ${right}, not ${edge}`);
      }
      // A table may be wider than its box, but not by a word.
      for (const box of document.querySelectorAll('.table-wrap')) {
        if (box.scrollWidth > box.clientWidth + 40) over.push(`a table of ${box.scrollWidth} in ${box.clientWidth}`);
      }
      if (document.documentElement.scrollWidth > innerWidth) over.push(`the page is ${document.documentElement.scrollWidth} wide`);
      return over.slice(0, 3);
    });
    expect(beyond, `${address} at ${width}`).toEqual([]);
  }
}

test('names and words without an end stay within the page', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of 422/);
  const customer = await openPage();
  await signIn(customer, JANA);
  await customer.goto('/portal/new');
  await hydrated(customer);
  await customer.getByLabel('What is it about?').fill(WORD);
  await customer.getByLabel('What happened?').fill(WORD);
  await customer.getByLabel('Add files').setInputFiles(FILES);
  await customer.getByRole('button', { name: 'Send' }).click();
  await expect(customer).toHaveURL(/\/portal\/tickets\/\d+/);
  const id = customer.url().split('/').at(-1);
  for (const address of ['/portal', `/portal/tickets/${id}`, `/portal?q=${WORD.slice(0, 190)}`, `/portal?q=${WORD}`]) {
    await expectWithin(customer, address);
  }
  await signIn(page, MIA);
  const other = await newTicket(page, { subject: WORD, body: WORD, name: WORD.slice(0, 95), email: `${'a'.repeat(60)}@${'b'.repeat(60)}.example` });
  for (const address of ['/tickets', `/tickets/${id}`, `/tickets/${other}`, `/tickets/${other}/history`, '/board', '/search?q=Donau', `/search?q=${WORD}`]) {
    await expectWithin(page, address);
  }
});
