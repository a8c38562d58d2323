"""Training on faces: varying cut-outs from several data sets, and fakes made from reals."""
