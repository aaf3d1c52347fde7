"""Run by the peers' Python: texts (a JSON list on stdin) ─► CPU seconds of rensa's RMinHash and LSH, on stdout.

Word 5-grams, 128 permutations, as its README shows it.
"""

import json
import sys
import time

from rensa import RMinHash, RMinHashLSH

texts = json.load(sys.stdin)
started = time.process_time()
lsh = RMinHashLSH(threshold=0.5, num_perm=128, num_bands=32)
for number, text in enumerate(texts):
    words = text.split()
    minhash = RMinHash(num_perm=128, seed=42)
    minhash.update([" ".join(words[i : i + 5]) for i in range(len(words) - 4)])
    lsh.insert(number, minhash)
print(time.process_time() - started)
