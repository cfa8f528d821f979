#!/usr/bin/env node
// Plain, old JavaScript on purpose: a Node that is too old must still be able to say so.
'use strict'
require('../scripts/require-node.cjs')
import('../dist/src/main.js')
