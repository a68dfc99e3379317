"""The yardstick of bench/index.js: reads every dump below a folder, splits every line and keeps the edges in dicts.

It checks nothing, interns nothing and stores nothing: what any indexer has to do before it begins.
"""

import os
import sys


def read(path, edges, removed):
    with open(path, encoding="utf-8") as dump:
        for seq, line in enumerate(dump, 1):
            fields = line.rstrip("\n").split(";")
            if fields[0] == "Callgraph clone":
                original = (path, fields[1], int(fields[2]))
                target = (path, fields[6], int(fields[7]))
                edges.setdefault(original, []).append((target, fields[11], seq))
            elif fields[0] == "Callgraph removal":
                removed[(path, fields[1], int(fields[2]))] = True


def main():
    edges = {}
    removed = {}
    for folder, _, names in os.walk(sys.argv[1]):
        for name in names:
            if name.endswith(".ipa-clones"):
                read(os.path.join(folder, name), edges, removed)
    print(sum(map(len, edges.values())), "edges,", len(removed), "removed nodes")


main()
