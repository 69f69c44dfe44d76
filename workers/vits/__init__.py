"""The parts of VITS (arXiv 2106.06103) and of its kin, as families build their networks from them.

Every size comes from the `config.json` beside the weights; parameters are named as in the published checkpoints. The
parts know inference only: no dropout, no alignment search, no discriminators. Weight norm is folded before the weights
arrive (`workers.checkpoints`), so all convolutions here are plain ones.

Tensors are float32 [batch, channels, time] unless said; a mask is [batch, 1, time], 1 where a row is valid.
"""
