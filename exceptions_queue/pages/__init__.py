"""The pages: views parse, call one verb or one reading function, and render. They decide nothing."""
