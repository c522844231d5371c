import unittest

from basic_improvements.main import variant


class TheRoute(unittest.TestCase):
    def test_it_says_its_variant(self):
        self.assertEqual(variant(), {"variant": "basic_improvements"})


if __name__ == "__main__":
    unittest.main()
