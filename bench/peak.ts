import { writeFileSync } from 'node:fs'

/** Loaded beside the program: leaves its peak resident size and CPU seconds in the working directory. */
process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  const megabytes = Math.round(maxRSS / 1024)
  writeFileSync('peak', JSON.stringify({ megabytes, cpu: (userCPUTime + systemCPUTime) / 1e6 }))
})
