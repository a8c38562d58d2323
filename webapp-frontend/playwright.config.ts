import { defineConfig } from '@playwright/test'

// A service for each worker, as the tests change it: which model is active, and thresholds.
const services = (process.env.BASE_URL ?? 'http://127.0.0.1:8000').trim().split(' ')

export default defineConfig({
  testDir: 'e2e',
  workers: services.length,
  // A machine that stalls makes no test fail: who gives up late loses nothing while all is well.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  // What passes at the second try is listed as flaky.
  retries: 1,
  forbidOnly: Boolean(process.env.CI),
  use: {
    // Playwright numbers its workers from 0, and sets the variable in each of them.
    baseURL: services[Number(process.env.TEST_PARALLEL_INDEX ?? 0)],
    reducedMotion: 'reduce',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
