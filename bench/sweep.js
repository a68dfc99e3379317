/** Works out every function's patch set of an index's first build, for its time and memory: `node bench/sweep.js DB`. */
import { IndexReader, openForReading, Reach, sweep } from '../dist/index.js';

const index = new IndexReader(openForReading(process.argv[2]));
const sets = new Reach(index).sets(index.builds()[0].name);
let functions = 0;
let members = 0;
for (const unit of sweep(sets)) {
  for (const swept of unit.functions) {
    functions++;
    members += swept.members.length;
  }
}
console.log(`${functions} functions, ${members} members`);
