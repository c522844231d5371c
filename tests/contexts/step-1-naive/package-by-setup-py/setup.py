from setuptools import setup

wanted = [line for line in open("requirements.txt") if line.strip() and not line.startswith("#")]
setup(name="kiss", version="1.0", packages=["kiss"], install_requires=wanted)
