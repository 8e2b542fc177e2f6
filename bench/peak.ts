import { writeFileSync } from 'node:fs'

/** Imported before the program. Writes its peak resident size and CPU seconds into the working directory when it exits. */
process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  const megabytes = Math.round(maxRSS / 1024)
  writeFileSync('peak', JSON.stringify({ megabytes, cpu: (userCPUTime + systemCPUTime) / 1e6 }))
})
