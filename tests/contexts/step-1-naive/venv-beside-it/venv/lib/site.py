# stands for what pip put there
